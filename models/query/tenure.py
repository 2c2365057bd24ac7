"""The tenure of customers: how many orders they had (docs/metrics.md, "Why a number moved")."""

from typing import Final

from models.query.parameters import Tenure

TENURES: Final[tuple[Tenure, ...]] = ("1", "2-3", "4+")
#: Smallest number of orders of the second and of the third tenure.
_SECOND: Final = 2
_THIRD: Final = 4


def tenure_of(orders: int) -> Tenure:
    """Return the tenure of a customer with at least one qualifying order up to an instant.

    >>> [tenure_of(orders) for orders in (1, 2, 3, 4)]
    ['1', '2-3', '2-3', '4+']
    """
    return TENURES[(orders >= _SECOND) + (orders >= _THIRD)]
