"""Explain a customer: each event, and the metrics that it counts for (docs/api.md, "Why")."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from models.contract.messages import Cause
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.customers.lifecycle import STATES
from models.customers.segment_values import attribute_values
from models.definitions.definitions import Definitions, has_next_response
from models.definitions.windows import TIMELESS, Window, hour
from models.facts.claim_types import CLAIM_TYPES, ENTITY_KINDS, EntityKind
from models.facts.event_fields import fact_fields
from models.facts.fact import Fact
from models.facts.origins import original_event_id
from models.outputs.ids import to_datetime
from models.outputs.lifecycle_history import LifecycleHistory, LifecycleReplay, LifecycleTransition
from models.outputs.profiles import TIERS
from models.query import explain_facts, explain_orders, explain_tickets
from models.query.customers import sets_of_customer
from models.query.explanations import Explanation
from models.query.identities import (
    MergesByClaim,
    explain_merge,
    merge_of,
    merges_by_claim,
    with_merges,
)
from models.query.responses import Attribute, Change, MergeSeen, Reason, Sets, Subject, Why

_EXPLAIN: Final[Mapping[EntityKind, Callable[[Customer, str, int], Iterator[Explanation]]]] = {
    "order": explain_orders.explain_order,
    "refund": lambda customer, refund_id, _: explain_orders.explain_refund(customer, refund_id),
    "ticket": lambda customer, ticket_id, _: explain_tickets.explain_ticket(customer, ticket_id),
    "review": lambda customer, review_id, _: explain_facts.explain_review(customer, review_id),
    "cart": explain_facts.explain_cart,
}
#: The same, where a target of the next response is configured.
_EXPLAIN_TURNS: Final[Mapping[EntityKind, Callable[[Customer, str, int], Iterator[Explanation]]]] = {
    **_EXPLAIN,
    "ticket": lambda customer, ticket_id, _: explain_tickets.explain_ticket(
        customer, ticket_id, with_turns=True
    ),
}


class EventPosition(NamedTuple):
    """The position of an event in a customer's events, which are sorted by time and id.

    Attributes:
        time: event time, microseconds since the epoch.
        id: id of the event's claim.
    """

    time: int
    id: str


class ExplainedPage(NamedTuple):
    """A customer with one page of explained events.

    Attributes:
        why: the response, without the cursor of the next page.
        last: position of the page's last event; None if no event follows.
    """

    why: Why
    last: EventPosition | None


class Explainer:
    """Explains customers.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._replay = LifecycleReplay(definitions)
        self._explain = _EXPLAIN_TURNS if has_next_response(definitions) else _EXPLAIN
        self._windows = [Window.parse(name) for name in definitions.windows]

    def explain(
        self,
        key: bytes,
        facts: Sequence[Fact],
        future: Sequence[Fact],
        now: int,
        *,
        merges: Sequence[MergeSeen] = (),
        after: EventPosition | None,
        limit: int,
    ) -> ExplainedPage | None:
        """Return a customer with a page of explained events; None if no fact makes them a customer.

        Args:
            key: key of the customer's row.
            facts: facts known at `now`, including those about links to other customers.
            future: facts with an event time after `now`.
            now: the partition's clock, microseconds since the epoch.
            merges: merges that connect the customer's ids.
            after: position of the last event of the previous page; None for the first page.
            limit: maximum number of events.
        """
        customer = Customer(key, CustomerFacts(facts))
        history = self._replay.history(customer, now)
        if history is None:
            return None
        by_claim = merges_by_claim(merges)
        events = _events_after(after, [*facts, *future], by_claim)
        page = events[:limit]
        reasons = list(self._reasons(customer, page, by_claim, now))
        last = _position(page[-1]) if len(events) > limit else None
        return ExplainedPage(self._why(customer, history, reasons, now), last)

    def _why(self, customer: Customer, history: LifecycleHistory, reasons: list[Reason], now: int) -> Why:
        return Why(
            customer_id=customer.key.decode(),
            lifecycle=STATES[history.lifecycle.after],
            lifecycle_changed=_change(history.lifecycle),
            tier=TIERS[history.tier.after],
            tier_changed=_change(history.tier),
            sets=[
                Sets(window.name, sets_of_customer(customer, hour(now), window.hours))
                for window in self._windows
            ],
            attributes=_attributes(customer),
            events=reasons,
            as_of=to_datetime(now),
            next=None,
        )

    def _explanations(self, customer: Customer, page: Sequence[Fact], now: int) -> Iterator[Explanation]:
        """Yield explanations of all claims about the entities that a page of events is about."""
        sections = dict(zip(ENTITY_KINDS, customer.facts.sections(), strict=True))
        about = {(CLAIM_TYPES[type(fact.claim)].entity, fact.entity) for fact in page}
        for kind, entity_id in about:
            if kind is None:
                yield from explain_facts.explain_customer_facts(customer)
            elif entity_id in sections[kind]:
                yield from self._explain[kind](customer, entity_id, now)

    def _reasons(
        self, customer: Customer, page: Sequence[Fact], merges: MergesByClaim, now: int
    ) -> Iterator[Reason]:
        explanations = {id(each.claim): each for each in self._explanations(customer, page, now)}
        for fact in page:
            merge = merge_of(fact, merges)
            explanation = explanations.get(id(fact.claim)) if merge is None else explain_merge(fact, merge)
            fields = dict(_event_fields(fact))
            if merge is not None:
                fields = {"customer_id": merge.customer_id, "into": merge.into}
            yield self._reason(fact, _with_experiments(fact, explanation), fields, now)

    def _reason(self, fact: Fact, explanation: Explanation, fields: dict[str, Any], now: int) -> Reason:
        claim, claim_type = fact.claim, CLAIM_TYPES[type(fact.claim)]
        age = hour(now) - hour(claim.time)
        return Reason(
            id=original_event_id(claim.id) or claim.id,
            type=claim_type.event_type,
            time=to_datetime(claim.time),
            subject=None if claim_type.entity is None else Subject(claim_type.entity, fact.entity),
            says=fields,
            experiments=fact.seen or {},
            counts_for=explanation.uses,
            reason=explanation.reason,
            outdone_by=original_event_id(explanation.superseded_by),
            windows=[window.name for window in self._windows if 0 <= age < window.hours],
            windows_before=[
                window.name for window in self._windows if window.hours <= age < 2 * window.hours
            ],
        )


def _attributes(customer: Customer) -> list[Attribute]:
    """Return the present attributes of a customer, also those from beyond the horizon."""
    latest = {name: values[-1] for name, values in attribute_values(customer).items()}
    return [
        Attribute(name, each.text, to_datetime(each.at))
        for name, each in sorted(latest.items())
        if each.is_present
    ]


def _events_after(after: EventPosition | None, facts: Sequence[Fact], merges: MergesByClaim) -> list[Fact]:
    """Return the facts and merges after a position, sorted. Facts about links to others are no events."""
    events = with_merges([fact for fact in facts if fact.time != TIMELESS], merges)
    events.sort(key=_position)
    return events if after is None else [fact for fact in events if _position(fact) > after]


def _position(fact: Fact) -> EventPosition:
    return EventPosition(fact.time, fact.claim.id)


def _with_experiments(fact: Fact, explanation: Explanation | None) -> Explanation:
    """Return a fact's explanation with the experiments it counts for. A future fact counts for none yet."""
    if explanation is None:
        return Explanation(fact.claim, [], "is ahead of the clock, and counts from its event time on")
    if not fact.seen:
        return explanation
    return explanation._replace(uses=[*explanation.uses, "experiments"])


def _change(transition: LifecycleTransition) -> Change:
    return Change(to_datetime(transition.time), Cause(transition.cause, original_event_id(transition.event)))


def _event_fields(fact: Fact) -> Iterator[tuple[str, Any]]:
    """Yield the stored fields of an event, times as text."""
    for field, value in fact_fields(fact).items():
        if field == "promised_at" and value is not None:
            yield field, to_datetime(value).isoformat().replace("+00:00", "Z")
        else:
            yield field, value
