"""The current series that a report is made of, by metric and labels."""

from collections.abc import Iterable
from datetime import datetime
from math import isnan, nan
from typing import Self
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from models.contract.messages import Metric
from models.metrics.catalogue import Sample
from streams.rollup.publisher import AS_OF, CAUGHT_UP, series_value

_Key = tuple[str, frozenset[tuple[str, str]]]


class Number:
    """The value of one series.

    Args:
        metric: the record of the series in `retention.metrics`; None if the series does not exist.

    Attributes:
        is_known: whether the series exists.
        value: the value; NaN if it is undefined.
        low: lower 95 % confidence bound; None without one.
        high: upper 95 % confidence bound; None without one.
        numerator: numerator of a ratio or mean; None without one.
        denominator: denominator of a ratio or mean; None without one.
    """

    def __init__(self, metric: Metric | None) -> None:
        self.is_known = metric is not None
        self.value = nan if metric is None or metric.value is None else metric.value
        self.numerator = None if metric is None else _known(metric.numerator)
        self.denominator = None if metric is None else _known(metric.denominator)
        self.low = None if metric is None else _known(metric.low)
        self.high = None if metric is None else _known(metric.high)

    @property
    def exists(self) -> bool:
        """Whether the value is defined."""
        return not isnan(self.value)


class Numbers:
    """The current series of a shop.

    Args:
        metrics: the records of all series.

    Example:
        >>> numbers = Numbers.of_samples([Sample("retention_orders", {"window": "7d"}, 3)], 0)
        >>> numbers.of("retention_orders", window="7d").value
        3.0
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics: dict[_Key, Metric] = {
            (metric.metric, frozenset(metric.labels.items())): metric for metric in metrics
        }

    @classmethod
    def of_samples(cls, samples: Iterable[Sample], now: int) -> Self:
        """Return the series of samples.

        Args:
            samples: samples of all series.
            now: instant of the samples, microseconds since the epoch.
        """
        rows = [series_value(sample, now) for sample in [*samples, Sample(AS_OF, {}, now / 1e6)]]
        return cls(msgspec.convert(rows, list[Metric]))

    def metrics(self) -> list[Metric]:
        """Return the records of all series."""
        return list(self._metrics.values())

    def of(self, metric: str, **labels: str) -> Number:
        """Return the value of one series; an undefined number if there is no such series."""
        return Number(self._metrics.get((metric, frozenset(labels.items()))))

    def has(self, metric: str, **labels: str) -> bool:
        """Return whether a series exists, even if its value is undefined."""
        return (metric, frozenset(labels.items())) in self._metrics

    def labels(self, metric: str) -> list[dict[str, str]]:
        """Return the labels of all series of a metric."""
        return [found.labels for (name, _), found in self._metrics.items() if name == metric]

    @property
    def as_of(self) -> float | None:
        """Instant of the numbers, seconds since the epoch. None before the first complete evaluation."""
        number = self.of(AS_OF)
        return number.value if number.exists and number.value else None

    @property
    def caught_up(self) -> bool:
        """Whether the numbers rest on everything that had been written when the workers started."""
        return not self.has(CAUGHT_UP) or self.of(CAUGHT_UP).value == 1

    @property
    def currency(self) -> str:
        """ISO 4217 code of the currency of money; empty without any."""
        return next((labels["currency"] for labels in self.labels("retention_net_revenue")), "")


def _known(value: object) -> float | None:
    return None if value is UNSET or value is None else float(value)  # type: ignore[arg-type]


def instant(seconds: float, zone: str = "UTC") -> str:
    """Return an instant as text, to the minute.

    Args:
        seconds: seconds since the epoch.
        zone: IANA name of a time zone.

    Example:
        >>> instant(1772704800), instant(1772704800, "Europe/Berlin"), instant(0, "America/Sao_Paulo")
        ('5 March 2026, 10:00 UTC', '5 March 2026, 11:00 CET', '31 December 1969, 21:00 America/Sao_Paulo')
    """
    at = datetime.fromtimestamp(int(seconds), ZoneInfo(zone))
    name = at.tzname() or ""
    return f"{at.day} {at:%B %Y, %H:%M} {name if name.isalpha() else zone}"
