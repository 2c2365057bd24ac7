"""The cohorts of customers with a value of a segment, from a scan of customers (docs/api.md, "Cohorts").

The aggregates have no sums by cohort and segment, because there would be too many: a request scans the
    customers.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct, field

from models.aggregation.cohort_sums import CohortCells
from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.definitions.windows import hour
from models.entities.orders import QualifyingOrder
from models.metrics.cohorts import added
from models.schedules.months import months_of


class ScannedCohorts(Struct):
    """The cohorts of some customers. Those of different customers merge by `merge`.

    Attributes:
        cells: month -> cells of the customers with the value.
        kept: month -> customers with the value whose first order is beyond the horizon.
        earliest: the earliest month of any customer, with the value or without. None without a customer.
    """

    cells: dict[int, CohortCells] = field(default_factory=dict)
    kept: dict[int, int] = field(default_factory=dict)
    earliest: int | None = None

    def merge(self, other: "ScannedCohorts") -> None:
        """Add the cohorts of other customers."""
        for month, cells in other.cells.items():
            known = self.cells.get(month)
            self.cells[month] = cells if known is None else added(known, cells)
        for month, number in other.kept.items():
            self.kept[month] = self.kept.get(month, 0) + number
        months = [month for month in (self.earliest, other.earliest) if month is not None]
        self.earliest = min(months, default=None)


class CohortScanner:
    """Computes the cells of single customers.

    Args:
        definitions: the shop's definitions, with those of cohorts.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._months = months_of(definitions.periods.zone)
        self._ends = () if definitions.cohorts is None else definitions.cohorts.ends

    def read(self, customer: Customer, now: int, *, selected: bool) -> ScannedCohorts | None:
        """Return the cohorts of one customer. None for a customer without an order.

        Args:
            customer: the customer, by the facts known at `now`.
            now: the partition's clock, microseconds since the epoch.
            selected: whether the customer has the value. Without it, only the month counts.
        """
        orders = customer.order_history
        if not customer.facts.event_count or not (orders or orders.kept):
            return None
        if orders.kept is not None:
            month = self._months.of(orders.kept.at)
            return ScannedCohorts(kept={month: 1} if selected else {}, earliest=month)
        month = self._months.of(orders[0].time)
        cells = {month: _cells(orders, self._ends, hour(now))} if selected else {}
        return ScannedCohorts(cells, earliest=month)


def _cells(orders: Sequence[QualifyingOrder], ends: Sequence[int], now: int) -> CohortCells:
    """Return the cells of a cohort of one customer.

    Args:
        orders: the customer's qualifying orders, the first one first.
        ends: end of each period, event hours after the first order, ascending.
        now: the present event hour.
    """
    first = orders[0].hour
    over = [first + end <= now for end in ends]
    repeats = [bisect_right(ends, order.hour - first) for order in orders[1:]]
    periods = range(len(ends))
    return CohortCells(
        1,
        [int(is_over) for is_over in over],
        [int(over[age] and age in repeats) for age in periods],
        [int(over[age] and bool(repeats) and repeats[0] <= age) for age in periods],
        [int(over[age] and bool(repeats) and repeats[-1] >= age) for age in periods],
        _nets(orders, [0, *repeats], over),
    )


def _nets(
    orders: Sequence[QualifyingOrder], periods: Sequence[int], over: Sequence[bool]
) -> dict[str, list[int]]:
    """Return currency -> net before the end of each period that is over, minor units."""
    nets: dict[str, list[int]] = {}
    for order, period in zip(orders, periods, strict=True):
        if period < len(over):
            nets.setdefault(order.currency, [0] * len(over))[period] += order.net
    return {
        currency: [net * is_over for net, is_over in zip(accumulate(sums), over, strict=True)]
        for currency, sums in nets.items()
    }
