"""Count the strata of a ratio at several instants, as known now (docs/metrics.md, "Why a number moved").

`StrataCounter` visits customers. The counts of several tasks add up.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from models.customers.customer import Customer
from models.customers.exposures_of import ExposureRules
from models.customers.facts_by_entity import CustomerFacts
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.names import UNKNOWN
from models.definitions.segments import Subject
from models.definitions.windows import US_PER_DAY, US_PER_HOUR, Window, hour
from models.entities import sla
from models.entities.exposures import EXPOSURES
from models.entities.orders import Order
from models.entities.sla import Decision
from models.entities.sla_limits import time_limits
from models.entities.tickets import Ticket
from models.facts.fact import Fact
from models.query.channels import ChannelFilter
from models.query.movement_parameters import Against, ExplainedMetric, ExplainQuery, Stratification
from models.query.segment_strata import SegmentStrata
from models.query.tenure import tenure_of
from models.query.tickets import contains

_Q = TypeVar("_Q", bound=ExplainQuery)

#: The span between the two instants, microseconds.
SPANS: Final[dict[Against, int]] = {"1w": 7 * US_PER_DAY, "4w": 28 * US_PER_DAY}
#: The metrics about the customers of the set `start`.
OF_CUSTOMERS: Final = ("retention_churn_ratio", "retention_rate_ratio")
#: Metric -> the strata that it can have without a segment, the default first.
STRATIFICATIONS: Final[dict[ExplainedMetric, tuple[Stratification, ...]]] = {
    "retention_churn_ratio": ("tenure",),
    "retention_rate_ratio": ("tenure",),
    "retention_sla_breach_ratio": ("priority", "channel", "team"),
    "retention_refund_ratio": ("channel",),
}
#: Metric -> subjects of the segments whose values can be its strata.
SEGMENT_SUBJECTS: Final[dict[ExplainedMetric, tuple[Subject, ...]]] = {
    "retention_churn_ratio": ("customer",),
    "retention_rate_ratio": ("customer",),
    "retention_sla_breach_ratio": (),
    "retention_refund_ratio": ("order", "customer"),
}
#: Customers of `start` without any exposure.
NONE: Final = "none"


def with_defaults(query: _Q) -> _Q:
    """Return a query with the strata, and the basis of refunds, that it leaves out."""
    by = STRATIFICATIONS[query.metric][0] if query.by is None and query.segment is None else query.by
    of_refunds = query.metric == "retention_refund_ratio"
    return replace(query, by=by, basis="orders" if of_refunds and query.basis is None else query.basis)


class StrataCounts(Struct):
    """The parts and wholes of strata, at each instant.

    Attributes:
        strata: stratum -> unit -> part and whole at the first instant, at the second, and so on. The unit is
            the currency of money; empty for counts.
        exposures: exposure -> customers lost or retained and customers of `start`, in the same order.
    """

    strata: dict[str, dict[str, list[int]]] = {}
    exposures: dict[str, list[int]] = {}

    def covers(self, instants: int) -> bool:
        """Return whether all counts are of this number of instants."""
        lists = [counts for units in self.strata.values() for counts in units.values()]
        return all(len(counts) == 2 * instants for counts in [*lists, *self.exposures.values()])

    def add(self, other: "StrataCounts") -> None:
        """Add the counts of other customers, at the same instants."""
        for stratum, units in other.strata.items():
            known = self.strata.setdefault(stratum, {})
            for unit, counts in units.items():
                known[unit] = _sums(known.get(unit), counts)
        for exposure, counts in other.exposures.items():
            self.exposures[exposure] = _sums(self.exposures.get(exposure), counts)


def _sums(one: list[int] | None, other: list[int]) -> list[int]:
    return list(other) if one is None else [a + b for a, b in zip(one, other, strict=True)]


class _Weight(NamedTuple):
    """What an order or a target adds to a ratio.

    Attributes:
        part: to the numerator.
        whole: to the denominator.
        unit: currency of money; empty for counts.
    """

    part: int
    whole: int = 1
    unit: str = ""


class StrataCounter:
    """Counts the strata of the ratio that a query selects, at each of several instants.

    At an instant, those facts count that are known now and are not later than the instant. So a refund after
    the instant does not change its counts, and a fact that arrived late does.

    Args:
        definitions: the shop's definitions.
        query: the ratio, its window and its strata.
        instants: instants to count at, microseconds since the epoch.

    Attributes:
        counts: the counts so far.
    """

    def __init__(self, definitions: Definitions, query: ExplainQuery, instants: Sequence[int]) -> None:
        self.counts = StrataCounts()
        self._query = query
        self._instants = instants
        self._window = Window.parse(query.window)
        self._channels = ChannelFilter(definitions)
        self._limits = time_limits(definitions)
        self._tickets = TicketRules(definitions)
        self._exposures = ExposureRules(definitions)
        self._segments = SegmentStrata(definitions, query.segment or "")
        self._is_rate = query.metric == "retention_rate_ratio"
        self._of_customers = query.metric in OF_CUSTOMERS
        self._of_targets = query.metric == "retention_sla_breach_ratio"

    def add(self, key: bytes, facts: Sequence[Fact]) -> None:
        """Count a customer.

        Args:
            key: key of the customer's row.
            facts: fact log of the customer, control facts included.
        """
        if not self._is_recent(facts):
            return
        customer, number = Customer(key, CustomerFacts()), -1
        for index, at in enumerate(self._instants):
            known = [fact for fact in facts if fact.claim.time <= at]
            if len(known) != number:  # nearly no customer changes between the instants
                customer, number = Customer(key, CustomerFacts.of(key, known)), len(known)
            self._add(customer, index, at)

    def _is_recent(self, facts: Sequence[Fact]) -> bool:
        """Return whether a customer may count. A target may be breached long after the last fact."""
        first = min(self._instants) - (2 * self._window.hours + 1) * US_PER_HOUR
        return self._of_targets or any(fact.claim.time > first for fact in facts)

    def _add(self, customer: Customer, index: int, at: int) -> None:
        if self._of_customers:
            self._add_customer(customer, index, at)
        elif self._of_targets:
            self._add_targets(customer, index, at)
        else:
            self._add_orders(customer, index, at)

    def _add_customer(self, customer: Customer, index: int, at: int) -> None:
        """Count a customer of `start`, and the exposures in the window before."""
        hours, then = [order.hour for order in customer.order_history], hour(at) - self._window.hours
        before = then - self._window.hours
        orders = bisect_right(hours, then)
        if orders == bisect_right(hours, before):
            return
        weight = _Weight(int((orders < len(hours)) is self._is_rate))
        self._count(self._value_of_customer(customer, orders, then), index, weight)
        found = self._exposures.of(customer, at)
        had = {EXPOSURES[exposure] for exposure, since in found if before < since <= then}
        for name in had or (NONE,):
            self._add_to(self.counts.exposures, name, index, weight)

    def _value_of_customer(self, customer: Customer, orders: int, then: int) -> str:
        """Return the stratum of a customer with this number of orders up to the end of an event hour."""
        if self._query.segment is None:
            return tenure_of(orders)
        return self._segments.of_customer(customer, (then + 1) * US_PER_HOUR - 1)

    def _add_targets(self, customer: Customer, index: int, at: int) -> None:
        for claims in customer.facts.tickets.values():
            ticket = self._tickets.derive(customer, claims)
            if ticket is None:
                continue
            for decision in sla.decide(ticket, self._limits, at):
                if (
                    decision.decided is not None
                    and sla.KINDS[decision.kind] == self._query.sla
                    and contains(self._window, decision.decided, at)
                ):
                    weight = _Weight(int(decision.breached))
                    self._count(self._value_of_target(ticket, decision), index, weight)

    def _value_of_target(self, ticket: Ticket, decision: Decision) -> str:
        if self._query.by == "channel":
            return self._channels.counted(ticket.channel)
        if self._query.by == "team":
            return ticket.team or UNKNOWN
        return PRIORITIES[decision.priority]

    def _add_orders(self, customer: Customer, index: int, at: int) -> None:
        for order_id in customer.facts.orders:
            order = customer.order(order_id)
            if order is not None and not order.cancelled and contains(self._window, order.time, at):
                self._count(self._value_of_order(customer, order), index, self._weight_of_order(order))

    def _value_of_order(self, customer: Customer, order: Order) -> str:
        if self._query.segment is None:
            return self._channels.counted(order.channel)
        return self._segments.of_order(customer, order)

    def _weight_of_order(self, order: Order) -> _Weight:
        if self._query.basis == "value":
            return _Weight(min(order.refunded, order.amount), order.amount, order.currency)
        if self._query.basis == "full":
            return _Weight(int(bool(order.refunds) and not order.qualifying))
        return _Weight(int(bool(order.refunds)))

    def _count(self, stratum: str, index: int, weight: _Weight) -> None:
        self._add_to(self.counts.strata.setdefault(stratum, {}), weight.unit, index, weight)

    def _add_to(self, counts: dict[str, list[int]], key: str, index: int, weight: _Weight) -> None:
        found = counts.get(key)
        if found is None:
            found = counts[key] = [0] * (2 * len(self._instants))
        found[2 * index] += weight.part
        found[2 * index + 1] += weight.whole
