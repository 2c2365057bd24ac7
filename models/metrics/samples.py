"""Samples: the values that metrics consist of."""

from math import nan
from typing import NamedTuple

from msgspec import Struct


class CatalogueEntry(NamedTuple):
    """The catalogue's entry of a metric.

    Attributes:
        description: help text of the metric.
        labels: names of its labels.
    """

    description: str
    labels: tuple[str, ...]


class Sample(Struct, frozen=True):
    """The value of one series at one instant.

    Attributes:
        metric: name of the metric.
        labels: label name -> value.
        value: the value. NaN if it is undefined, such as a ratio over 0.
        numerator: numerator of a ratio or mean. None for any other metric.
        denominator: denominator of a ratio or mean. None for any other metric.
    """

    metric: str
    labels: dict[str, str]
    value: float
    numerator: float | None = None
    denominator: float | None = None


def divide(numerator: float, denominator: float) -> float:
    """Return a ratio. NaN if the denominator is 0."""
    return numerator / denominator if denominator else nan


def ratio(metric: str, labels: dict[str, str], numerator: float, denominator: float) -> Sample:
    """Return the sample of a ratio or a mean, with its numerator and denominator."""
    return Sample(metric, labels, divide(numerator, denominator), numerator, denominator)
