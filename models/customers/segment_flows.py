"""The flows of customers by segment (docs/metrics.md, "Segments").

In segments of orders and of tickets, a flow counts under the value of its own order or ticket. In segments of
customers, it counts under the value that the customer had at the flow's time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from models.aggregation.segment_sums import Column, SegmentSums
from models.customers.customer import AppliedTicket, Customer
from models.definitions.definitions import Definitions
from models.definitions.segments import UNKNOWN
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

#: Measures whose weights are not numbers of things.
_SUMS: Final = frozenset({NET, RESPONSE_TIME})

#: A customer's values in one segment, by label: each with the first microsecond in which it holds, ascending.
#: Before the first one the value is `unknown`.
Timeline = Sequence[tuple[int, str]]


class SegmentValues(Protocol):
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


#: Where a weight counts: segment, value of its label, column, and time in microseconds.
_Cell = tuple[str, str, Column, int]
_Cells = list[tuple[_Cell, int]]


def value_at(timeline: Timeline, time: int) -> str:
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

    def __init__(self, sums: SegmentSums, definitions: Definitions, values: SegmentValues) -> None:
        self._sums: Final = sums
        self._values: Final = values
        self._customers, self._orders, self._tickets = [
            tuple(segment.name for segment in definitions.segments if segment.subject == subject)
            for subject in ("customer", "order", "ticket")
        ]

    def replace_order(self, customer: Customer, old: Order | None, new: Order | None) -> None:
        """Replace an order. None: it does not exist."""
        if self._customers or self._orders:
            timelines = self._timelines(customer)
            self._apply(*[self._cells_of_order(customer, timelines, order) for order in (old, new)])

    def replace_ticket(
        self, customer: Customer, old: AppliedTicket | None, new: AppliedTicket | None
    ) -> None:
        """Replace a ticket with its outcome. None: it does not exist."""
        if self._customers or self._tickets:
            timelines = self._timelines(customer)
            self._apply(*[self._cells_of_ticket(customer, timelines, each) for each in (old, new)])

    def replace_answers(self, customer: Customer, old: Sequence[Answered], new: Sequence[Answered]) -> None:
        """Replace answers that hold. Of `nps` answers, the latest one counts."""
        if self._customers:
            timelines = self._timelines(customer)
            self._apply(*[self._under_values(timelines, _answer_flows(answers)) for answers in (old, new)])

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
        self._apply(*[self._under_values(timelines, flows) for timelines in (old, new)])

    def _timelines(self, customer: Customer) -> Sequence[Timeline]:
        return self._values.of_customer(customer) if self._customers else ()

    def _cells_of_order(
        self, customer: Customer, timelines: Sequence[Timeline], order: Order | None
    ) -> _Cells:
        if order is None:
            return []
        flows = [*order_flows(order)]
        cells = self._under_values(timelines, flows)
        if self._orders:
            cells += _under_labels(self._orders, self._values.of_order(customer, order), flows)
        return cells

    def _cells_of_ticket(
        self, customer: Customer, timelines: Sequence[Timeline], applied: AppliedTicket | None
    ) -> _Cells:
        if applied is None:
            return []
        flows = [*ticket_flows(*applied)]
        cells = self._under_values(timelines, flows)
        if self._tickets:
            cells += _under_labels(self._tickets, self._values.of_ticket(customer, applied.ticket), flows)
        return cells

    def _under_values(self, timelines: Sequence[Timeline], flows: Iterable[Flow]) -> _Cells:
        """Return the cells of flows under the customer's values."""
        if not timelines:
            return []
        named = [*zip(self._customers, timelines, strict=True)]
        return [
            ((name, value_at(timeline, time), (measure, detail), time), weight)
            for measure, time, weight, detail in flows
            for name, timeline in named
        ]

    def _apply(self, old: _Cells, new: _Cells) -> None:
        for (segment, value, column, time), weight in difference(old, new):
            add = self._sums.add_sum if column[0] in _SUMS else self._sums.add_count
            add((segment, value, column), time, weight)


def _answer_flows(answers: Sequence[Answered]) -> list[Flow]:
    return [*csat_flows(answers), *nps_flows(latest_nps_of(answers))]


def _under_labels(
    names: Sequence[str], labels: Sequence[str], flows: Sequence[Flow]
) -> Iterator[tuple[_Cell, int]]:
    """Yield the cells of flows under the labels of their own order or ticket."""
    for name, label in zip(names, labels, strict=True):
        for measure, time, weight, detail in flows:
            yield (name, label, (measure, detail), time), weight


def _since(entry: tuple[int, str]) -> int:
    return entry[0]
