"""Compare emitted actions with the oracle: every action with a cause is issued, up to the weekly cap."""

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
    emitted: Sequence[Action], events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> list[str]:
    """Return one line for each fault in the emitted actions, if no state was lost meanwhile.

    Args:
        emitted: all action messages in the order of their emission.
        events: all events.
        now: time at which every customer was checked last, microseconds since the epoch.
        definitions: the shop's definitions.
    """
    history = defaultdict(list)
    for action in emitted:
        history[action.action_id].append(action)
    found = [
        f"{name}: {[action.state for action in messages]}"
        for name, messages in history.items()
        if [action.state for action in messages] not in (["issued"], ["issued", "withdrawn"])
    ]
    worth = wanted(events, now, definitions)
    active = active_of(emitted)
    found += [
        f"{one} is not worth doing"
        for one in active
        if to_us(one.expires) > now and cause_of(one) not in worth
    ]
    found += missing(emitted, events, now, definitions)
    return [*found, *beyond_the_cap(active, definitions)]


def missing(
    emitted: Sequence[Action], events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> list[str]:
    """Return one line for each action that was not issued, or reached the control group.

    This holds after a loss of state too. Then a worker withdraws no action that was issued before, and such
    actions do not count for the cap (docs/outputs.md).
    """
    found = []
    contacted = contact_times(active_of(emitted), events, now, definitions)
    for cause in wanted(events, now, definitions) - {cause_of(action) for action in emitted}:
        if cause.action in OURS:
            found.append(f"{cause} is not issued")
        elif not is_held_out(cause.customer, definitions):
            recent = [at for at in contacted[cause.customer] if now - WEEK < at <= now]
            if len(recent) < definitions.actions.weekly_cap:
                found.append(f"{cause} is not issued although the cap is not reached")
    held_out = [
        one for one in emitted if one.action not in OURS and is_held_out(one.customer_id, definitions)
    ]
    return [*found, *(f"{one} reaches the control group" for one in held_out)]


def active_of(emitted: Sequence[Action]) -> list[Action]:
    """Return the issued actions that are not withdrawn."""
    withdrawn = {action.action_id for action in emitted if action.state == "withdrawn"}
    return [action for action in emitted if action.action_id not in withdrawn]


def cause_of(action: Action) -> Cause:
    """Return the cause of an action in the oracle's form."""
    return Cause(action.customer_id, action.action, action.subject.id, to_us(action.since))


def contact_times(
    active: Sequence[Action], events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> dict[str, list[int]]:
    """Return customer id -> times of contacts, by actions and by contacts without an action."""
    contacted = defaultdict(list)
    for one in active:
        if one.action not in OURS:
            contacted[one.customer_id].append(to_us(one.time))
    for customer in World(events, now, definitions).customers:
        done = {event["action_id"]: event["at"] for event in customer.of("customer.contacted")}
        contacted[customer.name] += done.values()
    return contacted


def beyond_the_cap(active: Sequence[Action], definitions: Any) -> list[str]:
    """Return a fault for each week in which more actions contacted a customer than the cap allows."""
    times = defaultdict(list)
    for one in active:
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
    """Return whether a customer is in the control group, chosen by a 64-bit keyed hash of the id."""
    policy = definitions.actions
    digest = blake2b(customer.encode(), digest_size=8, key=policy.hold_out_key.encode()).digest()
    return int.from_bytes(digest) / 2**64 < policy.held_out
