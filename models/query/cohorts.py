"""The cells of cohorts, and the customers behind one (docs/metrics.md, "Cohorts")."""

from bisect import bisect_left

from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.definitions.windows import hour
from models.metrics.cohorts import Cell, CohortKind, CohortTotals
from models.outputs.ids import to_datetime
from models.query.parameters import CohortQuery, CustomerQuery
from models.query.responses import CohortCell, Cohorts
from models.schedules.months import month_name, months_of

#: Name of the rows over all cohorts.
MEAN = "mean"


def cohorts_of(totals: CohortTotals, query: CohortQuery) -> Cohorts:
    """Return the cells of the cohorts that a query selects, and those over all cohorts."""
    months = [month for month in totals.compared() if _is_between(month_name(month), query)]
    cells = [cell for month in (*months, None) for cell in totals.cells(month, query.kind)]
    items = [_row(cell, totals.base_currency) for cell in cells]
    return Cohorts(items, totals.customers(), to_datetime(totals.now))


def _is_between(name: str, query: CohortQuery) -> bool:
    return (query.first is None or name >= query.first) and (query.last is None or name <= query.last)


def _row(cell: Cell, currency: str) -> CohortCell:
    return CohortCell(
        cohort=cell.cohort or MEAN,
        age=cell.age,
        kind=cell.kind,
        eligible=cell.eligible,
        hits=cell.hits,
        ratio=cell.hits / cell.eligible if cell.eligible else None,
        value=cell.net / cell.eligible if cell.eligible else None,
        currency=currency,
        complete=cell.complete,
    )


def is_in_cohort(customer: Customer, query: CustomerQuery, definitions: Definitions, now: int) -> bool:
    """Return whether a customer is in the cohort, and in its cell, that a query names.

    Args:
        customer: the customer, by the facts known at `now`.
        query: parameters of the list.
        definitions: the shop's definitions.
        now: the partition's clock, microseconds since the epoch.
    """
    if query.cohort is None or definitions.cohorts is None:
        return query.cohort is None
    orders = customer.order_history
    if not orders or orders.kept is not None:
        return False  # a kept order is in no month that is compared
    if month_name(months_of(definitions.periods.zone).of(orders[0].time)) != query.cohort:
        return False
    if query.age is None or query.kind is None:
        return True
    ends = (0, *definitions.cohorts.ends)
    begin, end = ends[query.age], ends[query.age + 1]
    if orders[0].hour + end > hour(now):
        return False
    ages = [order.hour - orders[0].hour for order in orders[1:]]
    return query.hit is None or query.hit == _is_hit(ages, query.kind, begin, end)


def _is_hit(ages: list[int], kind: CohortKind, begin: int, end: int) -> bool:
    """Return whether one of the ages, ascending, counts in a period [begin, end), all in event hours."""
    if kind == "by":
        return bool(ages) and ages[0] < end
    at = bisect_left(ages, begin)
    return at < len(ages) and (kind == "unbounded" or ages[at] < end)
