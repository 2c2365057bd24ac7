"""Metrics of cohorts by the month of the first order (docs/metrics.md, "Cohorts")."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal, get_args

from msgspec import Struct

from models.aggregation.cohort_sums import CohortCells
from models.customers.lifecycle import KEPT_COHORT
from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.definitions.money import sums_in_base
from models.definitions.windows import horizon_start
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals
from models.schedules.months import month_name, months_of

CohortKind = Literal["nth", "by", "unbounded"]
KINDS: Final[tuple[CohortKind, ...]] = get_args(CohortKind)
#: The cohort of the customers whose month is not compared.
BEFORE: Final = "before"
#: Months that are exported by name, the current one included.
MONTHS: Final = 13
#: Months from the earliest one that are not compared, if the configuration has no `complete_from`.
_INCOMPLETE_MONTHS: Final = 3

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_cohort_age_ratio": CatalogueEntry(
        "Customers of all cohorts who ordered again in, by or since a period of their age.", ("age", "kind")
    ),
    "retention_cohort_age_value": CatalogueEntry(
        "Net revenue for each customer of all cohorts until the end of a period of their age.",
        ("age", "currency"),
    ),
    "retention_cohort_customers": CatalogueEntry("Customers by the month of their first order.", ("cohort",)),
    "retention_cohort_ratio": CatalogueEntry(
        "Customers of a cohort who ordered again in, by or since a period of their age.",
        ("cohort", "age", "kind"),
    ),
    "retention_cohort_value": CatalogueEntry(
        "Net revenue for each customer of a cohort until the end of a period of their age.",
        ("cohort", "age", "currency"),
    ),
}


class Cell(Struct, frozen=True, kw_only=True):
    """A cohort in one period of its customers' age.

    Attributes:
        cohort: month of the first orders, such as `2026-05`. None for all cohorts.
        age: number of the period, from 0.
        kind: which repeat orders count.
        eligible: customers for whom the period is over.
        hits: eligible customers with a repeat order by `kind`.
        net: net revenue of the eligible customers before the end of the period, major units of the base
            currency.
        complete: whether the period is over for all customers of the cohort.
    """

    cohort: str | None
    age: int
    kind: CohortKind
    eligible: int
    hits: int
    net: float
    complete: bool


class CohortTotals:
    """The cohorts of all partitions.

    Args:
        cohorts: month -> cells of its cohort, of each partition.
        kept: month -> customers whose first order is beyond the horizon.
        definitions: the shop's definitions, with those of cohorts.
        now: time of the evaluation, microseconds since the epoch.
        earliest: the earliest month that has a customer. None: the earliest of `cohorts` and `kept`.

    Attributes:
        periods: numbers of the periods of a customer's age.
        exports_grid: whether the cells of each cohort are exported.
        base_currency: ISO 4217 code of the currency of money.
        now: time of the evaluation, microseconds since the epoch.
    """

    def __init__(
        self,
        cohorts: Iterable[Mapping[int, CohortCells]],
        kept: Mapping[int, int],
        definitions: Definitions,
        now: int,
        *,
        earliest: int | None = None,
    ) -> None:
        self._definitions = definitions
        self._months = months_of(definitions.periods.zone)
        self._cohorts = definitions.cohorts or CohortDefinitions()
        self.exports_grid: Final = self._cohorts.export == "grid"
        self.base_currency: Final = definitions.base_currency
        self.now: Final = now
        self.periods: Final = range(len(self._cohorts.ends))
        self._kept = kept
        self._cells: dict[int, CohortCells] = {}
        for part in cohorts:
            for month, cells in part.items():
                known = self._cells.get(month)
                self._cells[month] = cells if known is None else added(known, cells)
        self._earliest = min([*self._cells, *kept], default=None) if earliest is None else earliest

    @cached_property
    def present(self) -> int:
        """The present month."""
        return self._months.of(self.now)

    @cached_property
    def first(self) -> int:
        """The first month that is compared. All months before it are the cohort `before`."""
        start = horizon_start(self.now, self._definitions.horizon_days)
        months = [self._months.of(start - 1) + 1]
        complete_from = self._cohorts.complete_from
        if complete_from is not None:
            months.append(self._months.of(self._months.start_of_day(complete_from) - 1) + 1)
        elif self._earliest is not None:
            months.append(self._earliest + _INCOMPLETE_MONTHS)
        return max(months)

    def compared(self) -> list[int]:
        """Return the months that are compared and have customers, ascending."""
        return sorted(month for month in self._cells if month >= self.first)

    def customers(self) -> dict[str, int]:
        """Return cohort -> customers: the last months, and all that are not compared."""
        months = range(max(self.first, self.present - MONTHS + 1), self.present + 1)
        before = sum(self._kept.values())
        before += sum(cells.customers for month, cells in self._cells.items() if month < self.first)
        named = {
            month_name(month): cells.customers if (cells := self._cells.get(month)) else 0 for month in months
        }
        return {BEFORE: before} | named

    def cells(self, month: int | None, kind: CohortKind) -> list[Cell]:
        """Return the cells of a cohort with eligible customers, by age; None: of all compared cohorts."""
        found = [self._cells[each] for each in (self.compared() if month is None else [month])]
        name = None if month is None else month_name(month)
        cells = [self._cell(found, name, age, kind) for age in self.periods]
        return [cell for cell in cells if month is None or cell.eligible]

    def _cell(self, found: Sequence[CohortCells], name: str | None, age: int, kind: CohortKind) -> Cell:
        eligible = sum(cells.eligible[age] for cells in found)
        return Cell(
            cohort=name,
            age=age,
            kind=kind,
            eligible=eligible,
            hits=sum(getattr(cells, kind)[age] for cells in found),
            net=self._net(found, age),
            complete=eligible == sum(cells.customers for cells in found),
        )

    def _net(self, found: Sequence[CohortCells], age: int) -> float:
        sums: dict[str, int] = {}
        for cells in found:
            for currency, net in cells.net.items():
                sums[currency] = sums.get(currency, 0) + net[age]
        nets = {currency: net for currency, net in sums.items() if net}
        return sums_in_base(nets, self._definitions.rates)

    def recent(self) -> list[int]:
        """Return the months that are exported by name, ascending, if they are compared and have customers."""
        return [month for month in self.compared() if month > self.present - MONTHS]


def cohort_totals(totals: Totals) -> CohortTotals | None:
    """Return the cohorts of the totals. None unless cohorts are defined."""
    if totals.definitions.cohorts is None:
        return None
    kept = {int(month): number for (month,), number in totals.gauges(*KEPT_COHORT).items() if number}
    return CohortTotals(totals.cohorts, kept, totals.definitions, totals.now)


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of cohorts, if cohorts are configured."""
    found = cohort_totals(totals)
    if found is None:
        return
    yield from _samples(found, None, "retention_cohort_age", {})
    for cohort, customers in found.customers().items():
        yield Sample("retention_cohort_customers", {"cohort": cohort}, customers)
    if found.exports_grid:
        for month in found.recent():
            yield from _samples(found, month, "retention_cohort", {"cohort": month_name(month)})


def _samples(found: CohortTotals, month: int | None, metric: str, labels: dict[str, str]) -> Iterator[Sample]:
    currency = found.base_currency
    for kind in KINDS:
        for cell in found.cells(month, kind):
            named = labels | {"age": str(cell.age), "kind": kind}
            yield ratio(f"{metric}_ratio", named, cell.hits, cell.eligible)
    for cell in found.cells(month, KINDS[0]):
        named = labels | {"age": str(cell.age), "currency": currency}
        yield ratio(f"{metric}_value", named, cell.net, cell.eligible)


def added(one: CohortCells, other: CohortCells) -> CohortCells:
    """Return the cells of two groups of customers together."""
    return CohortCells(
        one.customers + other.customers,
        _sums(one.eligible, other.eligible),
        _sums(one.nth, other.nth),
        _sums(one.by, other.by),
        _sums(one.unbounded, other.unbounded),
        {
            currency: _sums(one.net[currency], other.net[currency])
            if currency in one.net and currency in other.net
            else one.net.get(currency) or other.net[currency]
            for currency in one.net.keys() | other.net.keys()
        },
    )


def _sums(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]
