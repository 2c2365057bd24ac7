"""Why a customer stands where they do: each of their events, and what it counts for (docs/api.md, "Why")."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from models.contract.messages import Cause
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.customers.lifecycle import STATES
from models.definitions.definitions import Definitions
from models.definitions.windows import TIMELESS, Window, hour
from models.facts.claim_types import CLAIM_TYPES, ENTITY_KINDS, EntityKind, EventField
from models.facts.claims import Claim
from models.facts.fact import Fact
from models.identity.links import original_event_id
from models.outputs.ids import to_datetime
from models.outputs.lifecycle_history import LifecycleReplay, LifecycleTransition
from models.outputs.profiles import TIERS
from models.query import explain_facts, identities
from models.query.customers import sets_of
from models.query.explain_facts import Explanation
from models.query.responses import Change, MergeSeen, Reason, Sets, Subject, Why

_JUDGES: Final[Mapping[EntityKind, Callable[[Customer, str, int], Iterator[Explanation]]]] = {
    "order": explain_facts.of_order,
    "refund": lambda account, entity, _: explain_facts.of_refund(account, entity),
    "ticket": lambda account, entity, _: explain_facts.of_ticket(account, entity),
    "review": lambda account, entity, _: explain_facts.of_review(account, entity),
    "cart": explain_facts.of_cart,
}
_BILLION: Final = 1_000_000_000


class Place(NamedTuple):
    """Where a page of events begins: after this time (microseconds) and id."""

    time: int
    id: str


class Explainer:
    """Finds reasons, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._replay = LifecycleReplay(definitions)
        self._windows = [Window.parse(name) for name in definitions.windows]

    def why(
        self,
        customer: bytes,
        facts: Sequence[Fact],
        later: Sequence[Fact],
        now: int,
        *,
        merges: Sequence[MergeSeen] = (),
        after: Place | None,
        limit: int,
    ) -> tuple[Why, Place | None] | None:
        """Give a customer's reasons, and where the next page begins; None of who is no customer.

        Args:
            customer: the key of their row.
            facts: what is known of them, also what is said of others.
            later: what is later than the clock.
            now: microseconds.
            merges: what made them one of several identities.
            after: where to begin; None: with the first event.
            limit: of events.
        """
        account = Customer(customer, CustomerFacts(facts))
        course = self._replay.history(account, now)
        if course is None:
            return None
        made = identities.made_of(merges, account.key.decode())
        known = [fact for fact in facts if fact.time != TIMELESS]
        events = identities.mixed([*known, *later], made)
        events.sort(key=lambda fact: (fact.time, fact.claim.id))
        if after is not None:
            events = [fact for fact in events if (fact.time, fact.claim.id) > after]
        page = events[:limit]
        verdicts = {id(verdict.claim): verdict for verdict in _judge(account, page, now)}
        more = Place(page[-1].time, page[-1].claim.id) if len(events) > limit else None
        hours = [order.hour for order in account.order_history]
        return Why(
            customer_id=account.key.decode(),
            lifecycle=STATES[course.lifecycle.after],
            lifecycle_changed=_change(course.lifecycle),
            tier=TIERS[course.tier.after],
            tier_changed=_change(course.tier),
            sets=[Sets(w.name, sets_of(hours, hour(now), w.hours)) for w in self._windows],
            events=[self._reason(fact, verdicts.get(id(fact.claim)), made, now) for fact in page],
            as_of=to_datetime(now),
            next=None,
        ), more

    def _reason(self, fact: Fact, verdict: Explanation | None, made: identities.Made, now: int) -> Reason:
        claim = fact.claim
        says = dict(_says(claim))
        merge = identities.merge_of(fact, made)
        if merge is not None:
            verdict = identities.verdict_on(fact, merge)
            says = {"customer_id": merge.customer_id, "into": merge.into}
        if verdict is None:
            verdict = Explanation(claim, [], "is later than the clock: it counts from its time on")
        elif fact.seen:
            verdict = verdict._replace(uses=[*verdict.uses, "experiments"])
        claim_type = CLAIM_TYPES[type(claim)]
        about = claim_type.entity
        age = hour(now) - hour(claim.time)
        return Reason(
            id=original_event_id(claim.id) or claim.id,
            type=claim_type.event_type,
            time=to_datetime(claim.time),
            subject=None if about is None else Subject(about, fact.entity),
            says=says,
            experiments=fact.seen or {},
            counts_for=verdict.uses,
            reason=verdict.reason,
            outdone_by=original_event_id(verdict.by),
            windows=[w.name for w in self._windows if 0 <= age < w.hours],
            windows_before=[w.name for w in self._windows if w.hours <= age < 2 * w.hours],
        )


def _judge(account: Customer, page: Sequence[Fact], now: int) -> Iterator[Explanation]:
    """Judge all that is known of the things, and no others, that a page of events is about."""
    sections = dict(zip(ENTITY_KINDS, account.facts.sections(), strict=True))
    about = {(CLAIM_TYPES[type(fact.claim)].entity, fact.entity) for fact in page}
    for kind, entity in about:
        if kind is None:
            yield from explain_facts.of_loose(account)
        elif entity in sections[kind]:
            yield from _JUDGES[kind](account, entity, now)


def _change(turn: LifecycleTransition) -> Change:
    return Change(to_datetime(turn.time), Cause(turn.cause, original_event_id(turn.event)))


def _says(claim: Claim) -> Iterator[tuple[str, Any]]:
    """Give what is kept of an event, in the event's own words."""
    fields = CLAIM_TYPES[type(claim)].fields
    for name in claim.__struct_fields__[2:]:  # after time and id
        value = getattr(claim, name)
        field, names = fields.get(name, EventField(name))
        if names is not None:
            value = names[value]
        elif field == "promised_at" and value is not None:
            value = to_datetime(value).isoformat().replace("+00:00", "Z")
        elif field == "sentiment" and value is not None:
            value /= _BILLION
        yield field, value
