"""The values that were published on the last days, in one row for each day.

They are a part of the first partition's state, so they are committed with its rows, and a new roll-up leader
continues with the committed values of the former one (docs/metrics.md, "Why a number moved").
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from models.definitions.windows import US_PER_DAY
from models.facts.fact_log import FactLog

#: Key of a day's row: this prefix, and the number of the day since the epoch.
PUBLISHED_KEY: Final = b"\xff\xf8"
#: Days that are kept.
KEPT_DAYS: Final = 35
#: Days before the kept ones whose rows are removed. Only a worker that was stopped for longer leaves older
#: rows, of a few KB each. A search of all rows takes a second in a large shop.
_SEARCHED_DAYS: Final = 1_000
_DAY_BYTES: Final = 4


class PublishedRatio(Struct, array_like=True, frozen=True):
    """A ratio as it was published.

    Attributes:
        numerator: numerator.
        denominator: denominator.
    """

    numerator: float
    denominator: float


class PublishedDay(Struct, array_like=True, frozen=True):
    """The values of one evaluation.

    Attributes:
        at: instant of the evaluation, microseconds since the epoch.
        ratios: series, as its key in `retention.metrics` -> ratio.
        definitions: metric -> hash of the definitions behind its ratios.
    """

    at: int
    ratios: dict[str, PublishedRatio]
    definitions: dict[str, str] = {}


_decode: Final = msgspec.msgpack.Decoder(PublishedDay).decode


def day_of(at: int) -> int:
    """Return the number of the UTC day of an instant, microseconds since the epoch."""
    return at // US_PER_DAY


class PublishedValues:
    """Reads and writes the rows of days.

    Args:
        fact_log: rows of the partition.
    """

    def __init__(self, fact_log: FactLog) -> None:
        self._fact_log = fact_log

    def of_day(self, at: int) -> PublishedDay | None:
        """Return the values that were published first on the UTC day of an instant, in microseconds.

        Returns:
            None if no values were published on that day, or they are not kept any more.
        """
        row = self._fact_log.rows.get(_key(day_of(at)))
        return None if row is None else _decode(row)

    def record(
        self, at: int, ratios: Mapping[str, PublishedRatio], definitions: Mapping[str, str] | None = None
    ) -> None:
        """Record the values of an evaluation as those of its day, and remove the days before the kept ones.

        The values that a day has already stay.

        Args:
            at: instant of the evaluation, microseconds since the epoch.
            ratios: series, as its key in `retention.metrics` -> ratio.
            definitions: metric -> hash of the definitions behind its ratios.
        """
        rows, dirty, key = self._fact_log.rows, self._fact_log.dirty, _key(day_of(at))
        if key in rows:
            return
        oldest = day_of(at) - KEPT_DAYS
        for old in map(_key, range(max(0, oldest - _SEARCHED_DAYS), oldest)):
            if rows.pop(old, None) is not None:
                dirty[old] = None
        rows[key] = msgspec.msgpack.encode(PublishedDay(at, dict(ratios), dict(definitions or {})))
        dirty[key] = None


def _key(day: int) -> bytes:
    return PUBLISHED_KEY + day.to_bytes(_DAY_BYTES, "big")
