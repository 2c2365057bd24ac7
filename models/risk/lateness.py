"""How late a customer is by their own rhythm, and how likely to be one still (docs/metrics.md, "Risk").

All of it is by whole days, UTC: orders of one day are one purchase, and while nothing is ordered, it changes
at midnight.
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

__all__ = ["OWN_GAPS", "Risk", "assess", "gaps_of", "purchase_days"]

#: A rhythm of one's own takes this many gaps: with fewer, a single odd one would be half of it.
OWN_GAPS: Final = 3


class Risk(Struct, frozen=True, gc=False):
    """Where a customer with a qualifying order stands.

    Attributes:
        recency_days: days since the last purchase.
        typical_gap_days: days that usually pass between two, above 0: the customer's own, or the shop's.
        lateness: recency over typical gap; above 1 the customer is late.
        p_alive: probability that they have not left for good; None without a fitted model.
    """

    recency_days: int
    typical_gap_days: float
    lateness: float
    p_alive: float | None


def assess(orders: Sequence[int], now: int, definitions: "Definitions") -> Risk | None:
    """Say how late a customer is, and whether they are likely to come back.

    Args:
        orders: times of their qualifying orders, ascending, microseconds.
        now: microseconds, not before the last of them.
        definitions: name the fitted model, if there is one.

    Returns:
        None where there is no order: nobody can be late for what they never began.
    """
    if not orders:
        return None
    days = purchase_days(orders)
    gaps = gaps_of(days)
    recency = now // US_PER_DAY - days[-1]
    typical = float(median(gaps)) if len(gaps) >= OWN_GAPS else _shops_gap(definitions)
    model = definitions.risk
    alive = None
    if model is not None:
        alive = p_alive(model.parameters, len(gaps), days[-1] - days[0], days[-1] - days[0] + recency)
    return Risk(recency, typical, recency / typical, alive)


def purchase_days(orders: Sequence[int]) -> list[int]:
    """Give the days with an order, ascending, as days since the epoch."""
    return list(dict.fromkeys(time // US_PER_DAY for time in orders))


def gaps_of(days: Sequence[int]) -> list[int]:
    """Give the days between neighbouring purchases: each at least 1."""
    return [after - before for before, after in pairwise(days)]


def _shops_gap(definitions: "Definitions") -> float:
    """Give the fitted typical gap; without a model, the days after which lifecycle says `at_risk`."""
    model = definitions.risk
    return definitions.lifecycle_days / 2 if model is None else model.typical_gap_days
