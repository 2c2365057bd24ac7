"""Customers who ordered again after an action, compared with the control group (docs/metrics.md, "Actions").

An action is counted in the event hour that ends its 30 days, so that every counted action had its full time
to work. Withdrawn actions count too: in the control group, it is unknown which would have been carried out.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from models.aggregation.aggregates import Aggregates
from models.definitions.action_policy import ACTIONS, CUSTOMER_FACING, RETURN_HOURS, RETURN_US
from models.definitions.windows import US_PER_HOUR
from models.entities.orders import OrderHistory
from models.facts.claims import Acted

#: Label values of the group, by whether the action was suppressed for the control group.
GROUPS: Final = ("acted", "held_out")


class ActionReturnAggregator:
    """Adds actions, and the orders that followed them, to a partition's aggregates."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._series = {
            (action, held): (
                aggregates.count("acted", ACTIONS[action], group),
                aggregates.count("returned", ACTIONS[action], group),
            )
            for action in sorted(CUSTOMER_FACING)
            for held, group in enumerate(GROUPS)
        }

    def add(self, actions: Iterable[Acted], orders: OrderHistory, sign: int) -> None:
        """Apply actions (`sign` 1), or retract them (-1), given the customer's qualifying orders."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        for action in actions:
            series = self._series.get((action.action, action.held))
            if series is None:  # the action does not reach the customer
                continue
            acted, returned = series
            slot = action.time // US_PER_HOUR + RETURN_HOURS
            cells.append(acted + slot)
            if has_returned(action, orders):
                cells.append(returned + slot)


def has_returned(action: Acted, orders: OrderHistory) -> bool:
    """Return whether a qualifying order was placed within 30 days after an action."""
    following = bisect_left(orders, (action.time + 1,))
    return following < len(orders) and orders[following].time <= action.time + RETURN_US
