"""Lifecycle, loyalty tier and role of a customer (docs/metrics.md, "Lifecycle" and the sections after it).

`LifecycleRules` is the only place where a state, a tier and the time of the next change are decided. The
gauges (`StatusAggregator`) and the outputs (`models.outputs.lifecycle_history`) both use it.

A status holds for whole event hours. It follows from the customer's qualifying orders and a few times.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import YEAR, Aggregates
from models.definitions.definitions import Definitions, tiers_of
from models.definitions.money import exponent
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.control import KeptOrder
from models.schedules.months import months_of

STATES: Final = ("prospect", "churned", "at_risk", "new", "reactivated", "returning")
PROSPECT, CHURNED, AT_RISK, NEW, REACTIVATED, RETURNING = range(len(STATES))
#: Name of the gauges of customers whose first order is beyond the horizon. Its month follows.
KEPT_COHORT: Final = ("kept_cohort",)
#: Label values of the roles `spender` and `sender`.
NO_YES: Final = ("no", "yes")


class LifecycleRules:
    """Decides state and tier from qualifying orders, by the definitions. All methods are pure functions."""

    def __init__(self, definitions: Definitions) -> None:
        self._churned_after = 24 * definitions.lifecycle_days
        self._at_risk_after = 12 * definitions.lifecycle_days
        self._thresholds = [definitions.tiers[tier] for tier in tiers_of(definitions)[1:]]
        self._rates = {
            currency: (float(10 ** exponent(currency)), rate) for currency, rate in definitions.rates.items()
        }

    def state(self, orders: OrderHistory, hour: int) -> int:
        """Return the lifecycle state in an event hour, as an index in `STATES`.

        Args:
            orders: the customer's qualifying orders up to that hour, sorted.
            hour: event hour.
        """
        if not orders:
            return PROSPECT
        last = orders[-1].hour
        recency = hour - last
        if recency >= self._churned_after:
            return CHURNED
        if recency >= self._at_risk_after:
            return AT_RISK
        if len(orders) == 1:
            return NEW if orders.kept is None else REACTIVATED
        return REACTIVATED if last - orders[-2].hour >= self._churned_after else RETURNING

    def next_change(self, orders: OrderHistory, in_year: int, hour: int) -> int:
        """Return the next event hour in which time alone changes the state or the sums of the trailing year.

        Args:
            orders: the customer's qualifying orders, sorted.
            in_year: index of the first order of the 365 days up to `hour`. The number of orders if none is.
            hour: event hour.

        Returns:
            An hour after `hour`, or `NEVER_HOUR`.
        """
        if not orders:
            return NEVER_HOUR
        last = orders[-1].hour
        step = last + self._at_risk_after
        if step <= hour:
            step = last + self._churned_after
            if step <= hour:
                step = NEVER_HOUR
        if in_year < len(orders):
            step = min(step, orders[in_year].hour + YEAR.hours)
        return step

    def value(self, net: Mapping[str, int]) -> float:
        """Return sums of minor units by currency as major units of the base currency.

        Currencies without a rate are left out.
        """
        total = 0.0
        for currency in net if len(net) == 1 else sorted(net):
            if currency in self._rates:
                divisor, rate = self._rates[currency]
                total += net[currency] / divisor * rate
        return total

    def tier(self, net: Mapping[str, int]) -> int:
        """Return the loyalty tier, an index in `tiers_of`, for the net of the trailing year by currency."""
        return bisect_right(self._thresholds, self.value(net))


class TrailingYear:
    """The qualifying orders of the 365 days up to an event hour: their number, and their net by currency.

    It is updated as orders change and as time passes, so that it costs as little for a customer with
    thousands of orders.

    Attributes:
        since: first event hour of the 365 days.
        number: number of orders.
        net: currency -> net in minor units.
    """

    __slots__ = ("net", "number", "since")

    def __init__(self, orders: OrderHistory, since: int) -> None:
        self.since = since
        self.number = 0
        self.net: dict[str, int] = {}
        net = self.net
        for _, _, _, _, currency, amount in orders[first_since(orders, since) :]:
            self.number += 1
            net[currency] = net.get(currency, 0) + amount

    def change(self, order: QualifyingOrder, sign: int) -> None:
        """Add an order (`sign` 1), or remove it (-1). An order before `since` changes nothing."""
        _, _, at, _, currency, net = order
        if at >= self.since:
            self.number += sign
            self.net[currency] = self.net.get(currency, 0) + sign * net

    def advance_to(self, orders: OrderHistory, since: int) -> None:
        """Move the first hour forward to `since`, and remove the orders that leave the 365 days."""
        if since > self.since:
            for order in orders[first_since(orders, self.since) : first_since(orders, since)]:
                self.change(order, -1)
            self.since = since


def first_since(orders: OrderHistory, hour: int) -> int:
    """Return the index of the first order in or after an event hour."""
    if orders and orders[0].hour >= hour:  # true for nearly all customers
        return 0
    return bisect_left(orders, (hour * US_PER_HOUR,))  # a shorter tuple sorts first


class CustomerStatus(Struct, frozen=True, gc=False):
    """Lifecycle, tier and role of a customer in one event hour.

    Attributes:
        state: index in `STATES`.
        tier: index in `tiers_of`.
        spender: whether the customer ordered within a year.
        sender: whether the customer recommended the shop within a year.
        gauges: indices of the gauges that count the customer.
        net: net of the trailing year, (currency, minor units).
        until: event hour in which the status may change without an event. None if only events change it.
    """

    state: int
    tier: int
    spender: bool
    sender: bool
    gauges: tuple[int, ...]
    net: tuple[tuple[str, int], ...]
    until: int | None


class _KeptOrders:
    """The gauges of customers whose first order is beyond the horizon, by its month."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._months = months_of(definitions.periods.zone)

    def gauge(self, kept: KeptOrder) -> int:
        return self._aggregates.gauge(*KEPT_COHORT, str(self._months.of(kept.at)))


class StatusAggregator:
    """Derives the status of customers, and counts it in a partition's gauges."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._rules = LifecycleRules(definitions)
        gauge = aggregates.gauge
        self._states = [gauge("lifecycle", state) for state in STATES]
        self._tiers = [gauge("tier", tier) for tier in tiers_of(definitions)]
        self._roles = [[gauge("roles", spends, sends) for sends in NO_YES] for spends in NO_YES]
        self._nets: dict[tuple[int, str], int] = {}
        self._kept = None if definitions.cohorts is None else _KeptOrders(aggregates, definitions)

    def derive(self, orders: OrderHistory, year: TrailingYear, recommended: int, hour: int) -> CustomerStatus:
        """Return the status of a customer in an event hour.

        Args:
            orders: qualifying orders, sorted.
            year: totals of the 365 days up to `hour`.
            recommended: event hour of the latest recommendation; `-NEVER_HOUR` without one.
            hour: present event hour.
        """
        sender = recommended > hour - YEAR.hours
        spender = year.number > 0
        until = recommended + YEAR.hours if sender else NEVER_HOUR
        if orders:
            in_year = first_since(orders, year.since) if spender else len(orders)
            until = min(until, self._rules.next_change(orders, in_year, hour))
        state, tier = self._rules.state(orders, hour), self._rules.tier(year.net)
        gauges: tuple[int, ...] = self._states[state], self._tiers[tier], self._roles[spender][sender]
        if self._kept is not None and orders.kept is not None:
            gauges = (*gauges, self._kept.gauge(orders.kept))
        return CustomerStatus(
            state,
            tier,
            spender,
            sender,
            gauges,
            tuple([item for item in year.net.items() if item[1]]),
            None if until == NEVER_HOUR else until,
        )

    def of_referrer(self, recommended: int, hour: int) -> CustomerStatus | None:
        """Return the status of a referrer without events of their own: a sender, and nothing else.

        Args:
            recommended: event hour of the latest order that names the referrer.
            hour: present event hour.

        Returns:
            None if the recommendation is older than a year.
        """
        if recommended <= hour - YEAR.hours:
            return None
        role = self._roles[False][True]
        return CustomerStatus(PROSPECT, 0, False, True, (role,), (), recommended + YEAR.hours)

    def change(self, old: CustomerStatus | None, new: CustomerStatus | None) -> None:
        """Retract the old status of a customer and apply the new one. None: not counted."""
        if old is None or new is None or old.gauges != new.gauges:
            if old is not None:
                self._count(old, -1)
            if new is not None:
                self._count(new, 1)
        elif old.net != new.net:
            self._count_net(old, -1)
            self._count_net(new, 1)

    def _count(self, status: CustomerStatus, sign: int) -> None:
        for index in status.gauges:
            self._aggregates.gauges[index] += sign
        self._count_net(status, sign)

    def _count_net(self, status: CustomerStatus, sign: int) -> None:
        for currency, net in status.net:
            index = self._nets.get((status.state, currency))
            if index is None:
                index = self._aggregates.gauge("lifecycle_net", STATES[status.state], currency)
                self._nets[status.state, currency] = index
            self._aggregates.gauges[index] += sign * net
