"""Optional numbers that follow from order histories: cohorts, second orders and calendar periods."""

from typing import Protocol

from models.aggregation.aggregates import Aggregates
from models.customers.cohorts import CohortAggregator
from models.customers.periods import PeriodAggregator
from models.customers.second_orders import SecondOrderAggregator
from models.definitions.definitions import Definitions
from models.definitions.further_metrics import SECOND_ORDER
from models.entities.orders import OrderHistory, QualifyingOrder


class HistoryAggregator(Protocol):
    """Applies order histories to a partition's aggregates, and retracts them."""

    def add_history(self, orders: OrderHistory, sign: int) -> None:
        """Apply a whole order history (`sign` 1), or retract it (-1)."""

    def add_order(self, orders: OrderHistory, order: QualifyingOrder, sign: int) -> None:
        """Apply what an order changes.

        Args:
            orders: the history with the order in it.
            order: the order.
            sign: 1 if it has been inserted, -1 if it is about to be removed.
        """

    def retract_first(self, orders: OrderHistory) -> None:
        """Retract the first order of a history as the customer's first one: that is beyond the horizon."""


def history_aggregators(aggregates: Aggregates, definitions: Definitions) -> tuple[HistoryAggregator, ...]:
    """Return the aggregators of the configured families of metrics."""
    found: list[HistoryAggregator] = []
    if aggregates.cohorts is not None:
        found.append(CohortAggregator(aggregates.cohorts, definitions))
    if SECOND_ORDER in definitions.further_metrics:
        found.append(SecondOrderAggregator(aggregates))
    if aggregates.periods is not None:
        found.append(PeriodAggregator(aggregates.periods))
    return tuple(found)
