"""The lateness of a customer, and the probability that they are still one (docs/metrics.md, "Risk").

Everything is counted in whole days, UTC. Orders of one day are one purchase, and without orders the values
change at midnight.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from models.definitions.windows import US_PER_DAY
from models.risk.mbg_nbd import p_alive

if TYPE_CHECKING:
    from models.definitions.definitions import Definitions

__all__ = ["FEWEST_ORDER_GAPS", "Risk", "assess", "order_gaps_of", "purchase_days"]

#: Fewest order gaps of which a customer has an own typical gap. With fewer, a single odd one would be half.
FEWEST_ORDER_GAPS: Final = 3


class Risk(Struct, frozen=True, gc=False):
    """The risk of a customer with a qualifying order.

    Attributes:
        recency_days: days since the last purchase.
        typical_gap_days: typical days between two purchases, above 0: the customer's own, or the shop's.
        lateness: recency divided by typical gap. Above 1 the customer is late.
        p_alive: probability that the customer has not left for good, 0 to 1. None without a fitted model.
    """

    recency_days: int
    typical_gap_days: float
    lateness: float
    p_alive: float | None


def assess(orders: Sequence[int], now: int, definitions: "Definitions") -> Risk | None:
    """Return the risk of a customer.

    Args:
        orders: times of the qualifying orders, ascending, microseconds.
        now: microseconds, not before the last order.
        definitions: definitions, with the fitted model if there is one.

    Returns:
        None without an order.

    Example:
        >>> days = [day * 86_400_000_000 for day in (0, 10, 20, 30)]
        >>> assess(days, days[-1] + 20 * 86_400_000_000, Definitions()).lateness
        2.0
    """
    if not orders:
        return None
    days = purchase_days(orders)
    order_gaps = order_gaps_of(days)
    recency = now // US_PER_DAY - days[-1]
    has_own_rhythm = len(order_gaps) >= FEWEST_ORDER_GAPS
    typical = float(median(order_gaps)) if has_own_rhythm else _typical_gap_of_shop(definitions)
    model = definitions.risk
    alive = None
    if model is not None:
        alive = p_alive(model.parameters, len(order_gaps), days[-1] - days[0], days[-1] - days[0] + recency)
    return Risk(recency, typical, recency / typical, alive)


def purchase_days(orders: Sequence[int]) -> list[int]:
    """Return the days with an order, ascending, as days since the epoch."""
    return list(dict.fromkeys(time // US_PER_DAY for time in orders))


def order_gaps_of(days: Sequence[int]) -> list[int]:
    """Return the days between neighbouring purchases, each at least 1."""
    return [after - before for before, after in pairwise(days)]


def _typical_gap_of_shop(definitions: "Definitions") -> float:
    """Return the fitted typical gap. Without a model, the days until the lifecycle is `at_risk`."""
    model = definitions.risk
    return definitions.lifecycle_days / 2 if model is None else model.typical_gap_days
