"""Metrics of calendar periods: weeks, months, quarters and years (docs/metrics.md, "Closed periods")."""

from collections.abc import Iterator
from typing import Final, Literal

from models.aggregation.period_sums import CAUSE_NAMES, Name
from models.customers.periods import CUSTOMERS, NEW, STAYED
from models.definitions.windows import horizon_start
from models.entities import flows
from models.entities.sla import kinds_of
from models.metrics.retention import METHODS, SETS
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals
from models.schedules.periods import Period, calendars

Basis = Literal["running", "as_now"]
#: Kind -> number of periods that are exported, the running one included.
EXPORTED: Final = {"week": 6, "month": 13, "quarter": 5, "year": 2}
#: Metric of the changes since the close, which only the roll-up leader exports.
CHANGES: Final = "retention_period_changes"
_LABELS: Final = ("kind", "period", "basis")

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_period_rate_ratio": CatalogueEntry(
        "Customers who stayed, of those active in the calendar period before.", (*_LABELS, "method")
    ),
    "retention_period_churn_ratio": CatalogueEntry(
        "Customers lost, of those active in the calendar period before.", _LABELS
    ),
    "retention_period_customers": CatalogueEntry(
        "Customers by set in the calendar period.", (*_LABELS, "set")
    ),
    "retention_period_orders": CatalogueEntry(
        "Orders of the calendar period, neither cancelled nor fully refunded.", _LABELS
    ),
    "retention_period_net_revenue": CatalogueEntry(
        "Order amounts of the calendar period less refunds.", (*_LABELS, "currency")
    ),
    "retention_period_average_order_value": CatalogueEntry(
        "Net revenue for each order of the calendar period.", (*_LABELS, "currency")
    ),
    "retention_period_refund_ratio": CatalogueEntry(
        "Orders of the calendar period that were refunded.", _LABELS
    ),
    "retention_period_sla_breach_ratio": CatalogueEntry(
        "Targets breached, of those decided in the calendar period.", (*_LABELS, "sla")
    ),
    "retention_period_csat_ratio": CatalogueEntry(
        "Satisfied answers of the calendar period, 4 or 5 of 5.", _LABELS
    ),
    "retention_period_nps": CatalogueEntry(
        "Net promoter score of the latest answers in the calendar period, -100 to 100.", _LABELS
    ),
    CHANGES: CatalogueEntry(
        "Changes of the closed calendar period since its values were frozen.", ("kind", "period", "cause")
    ),
}


class PeriodTotals:
    """The calendar periods of all partitions.

    A period exists while the period before it begins inside the horizon.

    Args:
        totals: the totals of the partitions.

    Attributes:
        now: instant of the evaluation, microseconds since the epoch.
    """

    def __init__(self, totals: Totals) -> None:
        self.now: Final = totals.now
        self._totals = totals
        self._calendars = {calendar.kind: calendar for calendar in calendars(totals.definitions)}
        self._horizon = horizon_start(totals.now, totals.definitions.horizon_days)
        self._close_after = totals.definitions.periods.close_after_us

    def existing(self, kind: str) -> list[Period]:
        """Return the periods of a kind that exist, ascending. The last one is running.

        Args:
            kind: `week`, `month`, `quarter` or `year`. A kind that is not configured has no periods.
        """
        calendar = self._calendars.get(kind)
        if calendar is None:
            return []
        first = calendar.number(self._horizon - 1) + 2
        return [calendar.period(number) for number in range(first, calendar.number(self._totals.now) + 1)]

    def exported(self) -> list[Period]:
        """Return the periods of all kinds that have series: the latest ones that exist."""
        return [period for kind in self._calendars for period in self.existing(kind)[-EXPORTED[kind] :]]

    def freezable(self) -> list[Period]:
        """Return the periods of all kinds that exist and were over `close_after` ago."""
        found = (period for kind in self._calendars for period in self.existing(kind))
        return [period for period in found if self._totals.now >= period.end + self._close_after]

    @property
    def counts_changes(self) -> bool:
        """Whether every partition counts the facts that change closed periods, also after a restart."""
        found = [self.counted_since(kind) for kind in self._calendars]
        return all(since is not None and since <= self.now for since in found)

    def counted_since(self, kind: str) -> int | None:
        """Return the instant since which all partitions count the changes of a kind, microseconds.

        Returns:
            None while a partition does not count them in committed transactions.
        """
        found = [since.get(kind) for since in self._totals.counted_since]
        known = [since for since in found if since is not None]
        return max(known) if known and len(known) == len(found) else None

    def changes(self, period: Period) -> dict[str, int]:
        """Return cause -> number of the facts that changed a period since its close.

        A partition counts from its first evaluation after the close on, so the facts up to the evaluation
        that was frozen are among them if a worker was behind. Subtract those counted there.
        """
        found = dict.fromkeys(CAUSE_NAMES, 0)
        for restated in self._totals.restated:
            counts = (restated or {}).get(period.kind, {}).get(period.label, [])
            for cause, number in zip(CAUSE_NAMES, counts, strict=False):
                found[cause] += number
        return {cause: number for cause, number in found.items() if number}

    def basis(self, period: Period) -> Basis:
        """Return the basis of the present values of a period: `running` until its end."""
        return "running" if self._totals.now < period.end else "as_now"

    def values(self, period: Period) -> list[Sample]:
        """Return all values of a period that exists, as known now.

        Returns:
            A sample of each series, without the labels `kind`, `period` and `basis`.
        """
        return list(self._samples(period))

    def _sums(self, kind: str, number: int) -> dict[Name, int]:
        found: dict[Name, int] = {}
        for periods in self._totals.periods:
            for name, sum_ in periods.of(kind, number).items():
                found[name] = found.get(name, 0) + sum_
        return found

    def _samples(self, period: Period) -> Iterator[Sample]:
        sums = self._sums(period.kind, period.number)
        start = self._sums(period.kind, period.number - 1).get(CUSTOMERS, 0)
        yield from _customers(sums, start)
        yield from self._orders(sums)
        for kind in kinds_of(self._totals.definitions):
            breached, decided = sums.get((flows.BREACHED, kind), 0), sums.get((flows.DECIDED, kind), 0)
            yield ratio("retention_period_sla_breach_ratio", {"sla": kind}, breached, decided)
        yield from _answers(sums)

    def _orders(self, sums: dict[Name, int]) -> Iterator[Sample]:
        currency = {"currency": self._totals.definitions.base_currency}
        orders = sums.get((flows.ORDERS,), 0)
        net = self._totals.in_base({name[1]: sum_ for name, sum_ in sums.items() if name[0] == flows.NET})
        yield Sample("retention_period_orders", {}, orders)
        yield Sample("retention_period_net_revenue", currency, net)
        yield ratio("retention_period_average_order_value", currency, net, orders)
        refunded, placed = sums.get((flows.REFUNDED,), 0), sums.get((flows.PLACED,), 0)
        yield ratio("retention_period_refund_ratio", {}, refunded, placed)


def _customers(sums: dict[Name, int], start: int) -> Iterator[Sample]:
    """Yield the sets of customers, and the rates.

    Args:
        sums: the sums of the period.
        start: customers with an order in the period before.
    """
    end, retained, new = (sums.get(name, 0) for name in (CUSTOMERS, STAYED, NEW))
    sizes = (start, end, new, retained, start - retained, end - retained - new)
    for name, size in zip(SETS, sizes, strict=True):
        yield Sample("retention_period_customers", {"set": name}, size)
    for method, stayed in zip(METHODS, (retained, end - new), strict=True):
        yield ratio("retention_period_rate_ratio", {"method": method}, stayed, start)
    yield ratio("retention_period_churn_ratio", {}, start - retained, start)


def _answers(sums: dict[Name, int]) -> Iterator[Sample]:
    satisfied, answers = sums.get((flows.SATISFIED,), 0), sums.get((flows.CSAT_ANSWERS,), 0)
    yield ratio("retention_period_csat_ratio", {}, satisfied, answers)
    balance = sums.get((flows.PROMOTERS,), 0) - sums.get((flows.DETRACTORS,), 0)
    yield ratio("retention_period_nps", {}, 100 * balance, sums.get((flows.NPS_ANSWERS,), 0))


def period_totals(totals: Totals) -> PeriodTotals | None:
    """Return the calendar periods of the totals. None unless kinds are configured."""
    return PeriodTotals(totals) if totals.definitions.periods.kinds else None


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of calendar periods, if kinds are configured."""
    found = period_totals(totals)
    if found is None:
        return
    for period in found.exported():
        labels = {"kind": period.kind, "period": period.label, "basis": found.basis(period)}
        for sample in found.values(period):
            yield Sample(
                sample.metric, labels | sample.labels, sample.value, sample.numerator, sample.denominator
            )
