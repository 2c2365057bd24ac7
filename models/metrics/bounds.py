"""Confidence bounds of ratios (docs/metrics.md, "Confidence bounds").

Wilson (1927): of one ratio. Newcombe (1998), method 10: of the difference of two.
"""

from functools import lru_cache
from math import isnan, sqrt
from typing import Final, NamedTuple

from models.metrics.samples import Sample

#: Quantile of the normal distribution at 0.975, for bounds of 95 %.
Z: Final = 1.959963984540054
_Z2: Final = Z * Z


class Bounds(NamedTuple):
    """The 95 % confidence bounds of a number.

    Attributes:
        low: lower bound. None if the number is undefined.
        high: upper bound. None if the number is undefined.
    """

    low: float | None
    high: float | None


UNDEFINED: Final = Bounds(None, None)


@lru_cache(4096)  # most ratios are published again as they are
def wilson(hits: float, number: float) -> Bounds:
    """Return Wilson's bounds of the ratio hits / number.

    Args:
        hits: size of the part. Outside of 0 to `number`, the bounds are undefined.
        number: size of the whole. With 0, the bounds are undefined.

    Example:
        >>> low, high = wilson(8, 10)
        >>> f"{low:.4f} {high:.4f}"
        '0.4902 0.9433'
    """
    if not 0 <= hits <= number or not number:
        return UNDEFINED
    middle = hits + _Z2 / 2
    half = Z * sqrt(hits * (number - hits) / number + _Z2 / 4)
    whole = number + _Z2
    low = (middle - half) / whole if hits else 0.0
    high = (middle + half) / whole if hits < number else 1.0
    return Bounds(low, high)


def newcombe(before: tuple[float, float], after: tuple[float, float]) -> Bounds:
    """Return Newcombe's bounds of the difference of two ratios, after less before.

    Args:
        before: part and whole of the ratio before.
        after: part and whole of the ratio after.

    Example:
        Table II of Newcombe (1998), case (a): 56 of 70 less 48 of 80.

        >>> low, high = newcombe((48, 80), (56, 70))
        >>> f"{low:.4f} {high:.4f}"
        '0.0524 0.3339'
    """
    low_before, high_before = wilson(*before)
    low_after, high_after = wilson(*after)
    if low_before is None or high_before is None or low_after is None or high_after is None:
        return UNDEFINED
    first, second = before[0] / before[1], after[0] / after[1]
    difference = second - first
    return Bounds(
        difference - sqrt((second - low_after) ** 2 + (high_before - first) ** 2),
        difference + sqrt((high_after - second) ** 2 + (first - low_before) ** 2),
    )


def bounds_of(sample: Sample) -> Bounds | None:
    """Return the bounds of a ratio; None for any other metric.

    The bounds are undefined with the ratio, and if its numerator is no part of its denominator.
    """
    number, hits = sample.denominator, sample.numerator
    if not sample.metric.endswith("_ratio") or number is None or hits is None:
        return None
    # The numerator counts customers who were not in the denominator, or is money, which counts nothing.
    if sample.labels.get("method") == "textbook" or sample.labels.get("basis") == "value":
        return UNDEFINED
    return UNDEFINED if isnan(sample.value) else wilson(hits, number)
