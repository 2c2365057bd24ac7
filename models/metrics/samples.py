"""A number with a name: what metrics are made of."""

from math import nan

from msgspec import Struct


class Sample(Struct, frozen=True):
    """One series at one moment.

    Attributes:
        metric: its name.
        labels: what of.
        value: NaN where it would rest on nothing.
        numerator: of a ratio or mean.
        denominator: how much a ratio or mean rests on.
    """

    metric: str
    labels: dict[str, str]
    value: float
    numerator: float | None = None
    denominator: float | None = None


def divide(numerator: float, denominator: float) -> float:
    """Give a ratio; NaN over nothing."""
    return numerator / denominator if denominator else nan


def ratio(metric: str, labels: dict[str, str], numerator: float, denominator: float) -> Sample:
    """Give the sample of a ratio or a mean, with what it is of."""
    return Sample(metric, labels, divide(numerator, denominator), numerator, denominator)
