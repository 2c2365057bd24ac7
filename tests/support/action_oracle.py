"""What was said of actions, held to the oracle: all that is worth doing is asked for, but for the cap."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from models.contract.decoding import to_us
from models.contract.messages import Action
from tests.oracle.actions import OURS, Cause, wanted
from tests.oracle.world import World
from tests.support.strategies import DAY

WEEK = 7 * DAY


def faults(
    said: Sequence[Action], events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> list[str]:
    """What is wrong with all that was said of actions, in its order; everybody was looked at, at `now`."""
    history = defaultdict(list)
    for action in said:
        history[action.action_id].append(action)
    found = [
        f"{name}: {[action.state for action in told]}"
        for name, told in history.items()
        if [action.state for action in told] not in (["issued"], ["issued", "withdrawn"])
    ]
    worth = wanted(events, now, definitions)
    asked = {cause_of(told[0]) for told in history.values()}
    stands = [told[0] for told in history.values() if len(told) == 1]
    found += [
        f"{one} is not worth doing"
        for one in stands
        if to_us(one.expires) > now and cause_of(one) not in worth
    ]
    reached = times_of(stands, events, now, definitions)
    for cause in worth - asked:
        if cause.action in OURS:
            found.append(f"{cause} is not asked for")
        elif not is_held_out(cause.customer, definitions):
            recent = [at for at in reached[cause.customer] if now - WEEK < at <= now]
            if len(recent) < definitions.actions.weekly_cap:
                found.append(f"{cause} is not asked for, and the cap not reached")
    found += [
        f"{one} reaches who is held out"
        for one in said
        if one.action not in OURS and is_held_out(one.customer_id, definitions)
    ]
    return [*found, *beyond_the_cap(stands, definitions)]


def cause_of(action: Action) -> Cause:
    """Why it was asked for."""
    return Cause(action.customer_id, action.action, action.subject.id, to_us(action.since))


def times_of(
    stands: Sequence[Action], events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> dict[str, list[int]]:
    """When each customer was reached: by what was asked for, and by what somebody did of themselves."""
    reached = defaultdict(list)
    for one in stands:
        if one.action not in OURS:
            reached[one.customer_id].append(to_us(one.time))
    for customer in World(events, now, definitions).customers:
        done = {event["action_id"]: event["at"] for event in customer.of("customer.contacted")}
        reached[customer.name] += done.values()
    return reached


def beyond_the_cap(stands: Sequence[Action], definitions: Any) -> list[str]:
    """Customers who were asked for more within a week than the cap, of what was not taken back."""
    times = defaultdict(list)
    for one in stands:
        if one.action not in OURS:
            times[one.customer_id].append(to_us(one.time))
    cap = definitions.actions.weekly_cap
    return [
        f"{customer} is reached more than {cap} times in the week up to {at}"
        for customer, each in times.items()
        for at in each
        if sum(at - WEEK < other <= at for other in each) > cap
    ]


def is_held_out(customer: str, definitions: Any) -> bool:
    """ "Chosen by a keyed hash of the id", of 64 bits."""
    practice = definitions.actions
    digest = blake2b(customer.encode(), digest_size=8, key=practice.hold_out_key.encode()).digest()
    return int.from_bytes(digest) / 2**64 < practice.held_out
