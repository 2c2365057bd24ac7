"""Where a customer stands with the shop: lifecycle, tier and role (docs/metrics.md, "Lifecycle" and after).

A standing holds for whole event hours; it follows from the customer's qualifying orders and a few times.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import YEAR, Aggregates
from models.customers.retention import Entry, Line
from models.definitions.definitions import Definitions
from models.definitions.money import exponent
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR

STATES: Final = ("prospect", "churned", "at_risk", "new", "reactivated", "returning")
PROSPECT, CHURNED, AT_RISK, NEW, REACTIVATED, RETURNING = range(len(STATES))
NO_YES: Final = ("no", "yes")


def tiers_of(definitions: Definitions) -> tuple[str, ...]:
    """Give the loyalty tiers, lowest first."""
    return ("member", *sorted(definitions.tiers, key=lambda tier: definitions.tiers[tier]))


class TrailingYear:
    """A customer's qualifying orders of the 365 days up to an hour: how many, and their net by currency.

    It moves with the orders and with the hour, so that it costs as little for a customer with thousands.
    """

    __slots__ = ("net", "number", "since")

    def __init__(self, line: Line, since: int) -> None:
        self.since = since  #: The first hour of them.
        self.number = 0
        self.net: dict[str, int] = {}
        net = self.net
        for entry in line[_first(line, since) :]:
            currency = entry[4]
            self.number += 1
            net[currency] = net.get(currency, 0) + entry[5]

    def change(self, entry: Entry, sign: int) -> None:
        """Add an order, or take it away."""
        _, _, at, _, currency, net = entry
        if at >= self.since:
            self.number += sign
            self.net[currency] = self.net.get(currency, 0) + sign * net

    def move(self, line: Line, since: int) -> None:
        """Let the first hour be a later one."""
        if since > self.since:
            gone = line[_first(line, self.since) : _first(line, since)]
            for entry in gone:
                self.change(entry, -1)
            self.since = since


def _first(line: Line, hour: int) -> int:
    """Give the index of the first order from an hour on."""
    if line and line[0][2] >= hour:  # as nearly always
        return 0
    return bisect_left(line, (hour * US_PER_HOUR,))  # a shorter tuple sorts first


class CustomerStatus(Struct, frozen=True, gc=False):
    """Where a customer stands in one event hour.

    Attributes:
        state: index in `STATES`.
        tier: index in `tiers_of`.
        spender: has ordered within a year.
        sender: has recommended the shop within a year.
        counted: indices of the levels in which the customer is one.
        net: of the year's orders, by currency.
        until: the hour in which it may be another; None if only an event changes it.
    """

    state: int
    tier: int
    spender: bool
    sender: bool
    counted: tuple[int, ...]
    net: tuple[tuple[str, int], ...]
    until: int | None


class StatusAggregator:
    """How customers' standings are found, and what they add to a partition's levels."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._rates = {
            currency: (float(10 ** exponent(currency)), rate) for currency, rate in definitions.rates.items()
        }
        self._churned_after = 24 * definitions.lifecycle_days
        self._at_risk_after = 12 * definitions.lifecycle_days
        tiers = tiers_of(definitions)
        self._thresholds = [definitions.tiers[tier] for tier in tiers[1:]]
        gauge = aggregates.gauge
        self._states = [gauge("lifecycle", state) for state in STATES]
        self._tiers = [gauge("tier", tier) for tier in tiers]
        self._roles = [[gauge("roles", spends, sends) for sends in NO_YES] for spends in NO_YES]
        self._nets: dict[tuple[int, str], int] = {}

    def derive(self, line: Line, year: TrailingYear, sent: int, hour: int) -> CustomerStatus:
        """Give a customer's standing.

        Args:
            line: the qualifying orders.
            year: those of the 365 days up to `hour`.
            sent: the last event hour in which the customer recommended the shop (or one long ago).
            hour: the present event hour.
        """
        sender = sent > hour - YEAR.hours
        until = sent + YEAR.hours if sender else NEVER_HOUR
        if line:
            last = line[-1][2]
            step = last + self._at_risk_after
            if step <= hour:
                step = last + self._churned_after
            if hour < step < until:
                until = step
        if year.number:
            until = min(until, line[_first(line, year.since)][2] + YEAR.hours)
        state, tier = self._state(line, hour), self._tier(year)
        spender = year.number > 0
        return CustomerStatus(
            state,
            tier,
            spender,
            sender,
            (self._states[state], self._tiers[tier], self._roles[spender][sender]),
            tuple([item for item in year.net.items() if item[1]]),
            None if until == NEVER_HOUR else until,
        )

    def of_referrer(self, sent: int, hour: int) -> CustomerStatus | None:
        """Give the standing of who is known by others' orders alone, which name them: a sender, and no more.

        Args:
            sent: the event hour of the last of these.
            hour: the present event hour.
        """
        if sent <= hour - YEAR.hours:
            return None
        return CustomerStatus(PROSPECT, 0, False, True, (self._roles[False][True],), (), sent + YEAR.hours)

    def _state(self, line: Line, hour: int) -> int:
        if not line:
            return PROSPECT
        recency = hour - line[-1][2]
        if recency >= self._churned_after:
            return CHURNED
        if recency >= self._at_risk_after:
            return AT_RISK
        if len(line) == 1:
            return NEW
        return REACTIVATED if line[-1][2] - line[-2][2] >= self._churned_after else RETURNING

    def _tier(self, year: TrailingYear) -> int:
        spent = 0.0
        for currency in year.net if len(year.net) == 1 else sorted(year.net):
            if currency in self._rates:
                divisor, rate = self._rates[currency]
                spent += year.net[currency] / divisor * rate
        return bisect_right(self._thresholds, spent)

    def change(self, old: CustomerStatus | None, new: CustomerStatus | None) -> None:
        """Count a customer where they stand now; None while nothing is known of them."""
        if old is None or new is None or old.counted != new.counted:
            if old is not None:
                self._count(old, -1)
            if new is not None:
                self._count(new, 1)
        elif old.net != new.net:
            self._count_net(old, -1)
            self._count_net(new, 1)

    def _count(self, standing: CustomerStatus, sign: int) -> None:
        for index in standing.counted:
            self._aggregates.gauges[index] += sign
        self._count_net(standing, sign)

    def _count_net(self, standing: CustomerStatus, sign: int) -> None:
        for currency, net in standing.net:
            index = self._nets.get((standing.state, currency))
            if index is None:
                index = self._aggregates.gauge("lifecycle_net", STATES[standing.state], currency)
                self._nets[standing.state, currency] = index
            self._aggregates.gauges[index] += sign * net
