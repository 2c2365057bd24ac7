"""The flows of customers by segment (docs/metrics.md, "Segments").

In segments of orders and of tickets, a flow counts under the value of its own order or ticket. In segments of
customers, it counts under the value that the customer had at the flow's time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from models.aggregation.segment_sums import SegmentSums
from models.customers.customer import AppliedTicket, Customer
from models.definitions.definitions import Definitions
from models.definitions.names import UNKNOWN
from models.entities.feedback import latest_nps_of
from models.entities.flows import (
    NET,
    RESPONSE_TIME,
    Flow,
    csat_flows,
    difference,
    nps_flows,
    order_flows,
    ticket_flows,
)
from models.entities.orders import Order
from models.entities.tickets import Ticket
from models.facts.claims import Answered

#: Measures whose weights are amounts, not counts.
_SUMS: Final = frozenset({NET, RESPONSE_TIME})

#: A customer's values in one segment, by label: each with the first microsecond in which it holds, ascending.
#: Before the first one the value is `unknown`.
Timeline = Sequence[tuple[int, str]]


class SegmentLabels(Protocol):
    """The labels of customers, orders and tickets in the segments of each, in the order of configuration."""

    def of_customer(self, customer: Customer) -> Sequence[Timeline]:
        """Return a customer's values in each segment of customers, as the aggregates hold them."""

    def of_order(self, customer: Customer, order: Order) -> Sequence[str]:
        """Return an order's label in each segment of orders, which the fields of `order` decide."""

    def of_ticket(self, customer: Customer, ticket: Ticket) -> Sequence[str]:
        """Return a ticket's label in each segment of tickets, which the fields of `ticket` decide."""


class CustomerEntities(NamedTuple):
    """The entities of a customer that have flows, as they are applied.

    Attributes:
        orders: orders.
        tickets: tickets with their outcomes.
        answers: answers that hold.
    """

    orders: Sequence[Order]
    tickets: Sequence[AppliedTicket]
    answers: Sequence[Answered]


class _OwnFlows(NamedTuple):
    """The flows of an order or a ticket, with its own labels.

    Attributes:
        labels: label in each segment; empty if the order or ticket does not exist.
        flows: its flows.
    """

    labels: Sequence[str]
    flows: Sequence[Flow]


#: Flows, each with their number, below 0 to retract them.
_Changes = Iterable[tuple[Flow, int]]


def label_at(timeline: Timeline, time: int) -> str:
    """Return the label at a time (microseconds since the epoch): the latest one up to it."""
    at = bisect_right(timeline, time, key=_since)
    return timeline[at - 1][1] if at else UNKNOWN


class SegmentFlows:
    """Applies the flows of entities to the sums of their segments' values, and retracts them.

    Args:
        sums: sums of the partition.
        definitions: the shop's definitions.
        values: the values of customers, orders and tickets.
    """

    def __init__(self, sums: SegmentSums, definitions: Definitions, values: SegmentLabels) -> None:
        self._sums: Final = sums
        self._values: Final = values
        self._customers, self._orders, self._tickets = [
            tuple(segment.name for segment in definitions.segments if segment.subject == subject)
            for subject in ("customer", "order", "ticket")
        ]

    def replace_order(self, customer: Customer, old: Order | None, new: Order | None) -> None:
        """Replace an order. None: it does not exist."""
        flows = [[*order_flows(order)] for order in (old, new)]
        self._replace_under_values(customer, *flows)
        if self._orders:
            labels = [() if each is None else self._values.of_order(customer, each) for each in (old, new)]
            self._replace_own(self._orders, *map(_OwnFlows, labels, flows))

    def replace_ticket(
        self, customer: Customer, old: AppliedTicket | None, new: AppliedTicket | None
    ) -> None:
        """Replace a ticket with its outcome. None: it does not exist."""
        flows = [[] if each is None else [*ticket_flows(*each)] for each in (old, new)]
        self._replace_under_values(customer, *flows)
        if self._tickets:
            of_ticket = self._values.of_ticket
            labels = [() if each is None else of_ticket(customer, each.ticket) for each in (old, new)]
            self._replace_own(self._tickets, *map(_OwnFlows, labels, flows))

    def replace_answers(self, customer: Customer, old: Sequence[Answered], new: Sequence[Answered]) -> None:
        """Replace answers that hold. Of `nps` answers, the latest one counts."""
        self._replace_under_values(customer, _answer_flows(old), _answer_flows(new))

    def move(self, entities: CustomerEntities, old: Sequence[Timeline], new: Sequence[Timeline]) -> None:
        """Move the flows of a customer from the customer's values before a change to those after it.

        Args:
            entities: all entities of the customer, as they are applied.
            old: the values under which they are applied, in each segment of customers.
            new: the values under which they count from now on.
        """
        flows = [flow for order in entities.orders for flow in order_flows(order)]
        flows += [flow for ticket in entities.tickets for flow in ticket_flows(*ticket)]
        flows += _answer_flows(entities.answers)
        for name, before, after in zip(self._customers, old, new, strict=True):
            if before != after:
                for flow in flows:
                    self._move(name, flow, label_at(before, flow.time), label_at(after, flow.time))

    def _move(self, name: str, flow: Flow, old: str, new: str) -> None:
        if old != new:
            self._add(name, old, flow, -1)
            self._add(name, new, flow, 1)

    def _replace_under_values(self, customer: Customer, old: Sequence[Flow], new: Sequence[Flow]) -> None:
        """Replace flows under the customer's values."""
        if self._customers and (changes := difference(old, new)):
            for name, timeline in zip(self._customers, self._values.of_customer(customer), strict=True):
                for flow, number in changes:
                    self._add(name, label_at(timeline, flow.time), flow, number)

    def _replace_own(self, names: Sequence[str], old: _OwnFlows, new: _OwnFlows) -> None:
        """Replace the flows of an order or a ticket under its own labels."""
        if old.labels == new.labels:
            self._add_own(names, new.labels, difference(old.flows, new.flows))
        else:
            self._add_own(names, old.labels, [(flow, -1) for flow in old.flows])
            self._add_own(names, new.labels, [(flow, 1) for flow in new.flows])

    def _add_own(self, names: Sequence[str], labels: Sequence[str], changes: _Changes) -> None:
        for flow, number in changes:
            for name, label in zip(names, labels, strict=True):
                self._add(name, label, flow, number)

    def _add(self, segment: str, value: str, flow: Flow, number: int) -> None:
        measure, time, weight, detail = flow
        add = self._sums.add_sum if measure in _SUMS else self._sums.add_count
        add((segment, value, measure, detail), time, number * weight)


def _answer_flows(answers: Sequence[Answered]) -> list[Flow]:
    return [*csat_flows(answers), *nps_flows(latest_nps_of(answers))]


def _since(entry: tuple[int, str]) -> int:
    return entry[0]
