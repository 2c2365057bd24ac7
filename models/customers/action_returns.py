"""Who came back after an action, beside those who were held out (docs/metrics.md, "Actions").

An action belongs to the hour in which the time for it to tell has passed, so that none counts before it had
its chance. Every one that was asked for counts, also if it was taken back: of those held out, nobody knows
which would have been done.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from models.aggregation.aggregates import Aggregates
from models.customers.retention import Line
from models.definitions.action_policy import ACTIONS, CUSTOMER_FACING, RETURN_HOURS, RETURN_US
from models.definitions.windows import US_PER_HOUR
from models.facts.claims import Acted

#: By whether nothing was said of it.
GROUPS: Final = ("acted", "held_out")


class ActionReturnAggregator:
    """What actions add to a partition's sums."""

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

    def add(self, acted: Iterable[Acted], line: Line, sign: int) -> None:
        """Add what actions add, as the line of qualifying orders is, or take it back."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        for action in acted:
            series = self._series.get((action.action, action.held))
            if series is None:  # not one that reaches the customer
                continue
            slot = action.time // US_PER_HOUR + RETURN_HOURS
            cells.append(series[0] + slot)
            if has_returned(action, line):
                cells.append(series[1] + slot)


def has_returned(action: Acted, line: Line) -> bool:
    """Whether a qualifying order came after an action, and soon enough."""
    following = bisect_left(line, (action.time + 1,))
    return following < len(line) and line[following][0] <= action.time + RETURN_US
