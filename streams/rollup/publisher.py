"""Compute the metrics of all partitions from complete rounds, and publish them to `retention.metrics`."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from models.contract.decoding import to_us
from models.contract.messages import Metric
from models.definitions.definitions import Definitions
from models.metrics.bounds import bounds_of
from models.metrics.catalogue import Sample, is_known, samples_of
from models.metrics.cohorts import CohortTotals, cohort_totals
from models.metrics.periods import PeriodTotals, period_totals
from models.metrics.segment_coverage import Uncovered, uncovered_segments
from models.metrics.totals import Totals
from models.metrics.variants import beyond_limits
from models.query.periods import FrozenPeriods
from streams.kafka.outbox import Outgoing
from streams.kafka.ownership import HEADER
from streams.rollup.beyond_limits import LISTED
from streams.rollup.closed_periods import ClosedPeriods
from streams.rollup.protocol import PartialResult

if TYPE_CHECKING:
    from models.aggregation.variant_sums import Beyond

AS_OF = "retention_as_of_timestamp_seconds"
CAUGHT_UP = "retention_caught_up"

_PUBLISH_SECONDS = 1.0
_AS_OF_SECONDS = 10.0
#: Without a complete round for this long, the values are out of date.
_FRESH_SECONDS = 10.0

#: Keys of series that are kept: a shop has about 1,500 series, and publishes the same ones each second.
_CACHED_KEYS = 10_000

_decode = msgspec.json.Decoder(Metric).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def series_key(metric: str, labels: Mapping[str, str]) -> str:
    """Return a series' name in Prometheus' notation with sorted labels: its key in `retention.metrics`.

    >>> series_key("retention_orders", {"window": "7d"})
    'retention_orders{window="7d"}'
    """
    return _series_key(metric, tuple(labels.items())) if labels else metric


@lru_cache(_CACHED_KEYS)
def _series_key(metric: str, labels: tuple[tuple[str, str], ...]) -> str:
    inside = ",".join(f'{name}="{_escape(value)}"' for name, value in sorted(labels))
    return f"{metric}{{{inside}}}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def series_value(sample: Sample, as_of: int) -> dict[str, Any]:
    """Return a series as a JSON object, as in `retention.metrics` and `compute --json`. NaN becomes null.

    Args:
        sample: the series.
        as_of: instant of the evaluation, microseconds since the epoch.
    """
    value: dict[str, Any] = {"metric": sample.metric, "labels": sample.labels, "value": _number(sample.value)}
    if sample.numerator is not None:
        value["numerator"] = _number(sample.numerator)
    if sample.denominator is not None:
        value["denominator"] = _number(sample.denominator)
    bounds = bounds_of(sample)
    if bounds is not None:
        value["low"], value["high"] = bounds
    value["as_of"] = datetime.fromtimestamp(as_of / 1e6, UTC).isoformat().replace("+00:00", "Z")
    return value


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


class Publisher:
    """Holds the values of the last complete round, and the values that have been published.

    A new leader starts with the content of `retention.metrics`. The last complete values stay until a newer
    round is complete, and only differences are sent.

    Args:
        definitions: definitions of the metrics.
        group: owner of the topic, named in a header of the records about the state of the metrics.

    Attributes:
        samples: series of the last complete round.
        beyond: some of the experiments and variants that count as `other` in it.
        uncovered: segments of which nearly everything is `unknown` or `other` in it.
        as_of: its instant, microseconds since the epoch; 0 before the first complete round.
        closed: the frozen values of closed periods; None unless periods are defined.
    """

    def __init__(self, definitions: Definitions, group: str = "") -> None:
        self._group = group
        self._definitions = definitions
        self.samples: list[Sample] = []
        self.beyond: list[Beyond] = []
        self.uncovered: list[Uncovered] = []
        self.as_of = 0
        self.closed = ClosedPeriods(group, definitions) if definitions.periods.kinds else None
        self._totals: Totals | None = None
        self._caught_up = False
        self._complete_at = -math.inf
        self._published: dict[str, bytes] = {}
        #: Numbers of the published series. Most series do not change, and encoding them takes 90 ms.
        self._numbers: dict[str, str] = {}
        self._published_at = -math.inf
        self._as_of_at = -math.inf

    def restore(self, records: Iterable[tuple[bytes, bytes | None]], *, own: bool = True) -> None:
        """Restore the values from the keys and values of `retention.metrics`, in their order.

        Args:
            records: keys and values. What is no metric is skipped: another program has written it.
            own: whether this group published them. The values of a former owner are only removed.
        """
        rows: dict[str, dict[str, Any]] = {}
        for key, value in records:
            if value is None:
                rows.pop(key.decode(errors="replace"), None)
            elif _is_metric(value):
                rows[key.decode(errors="replace")] = msgspec.json.decode(value)
        self._numbers.clear()
        for name, row in rows.items():
            as_of = to_us(datetime.fromisoformat(row.pop("as_of")))
            self._published[name] = _encode(row)
            if not own:
                continue
            self.as_of = max(self.as_of, as_of)
            # Another release may have published metrics or labels that this one lacks.
            if is_known(row["metric"], row["labels"]):
                self.samples.append(_sample(row))
        self._published.pop(CAUGHT_UP, None)  # publish it again, with the mark of the owner

    def update(self, results: Sequence[PartialResult], now: int, *, caught_up: bool) -> None:
        """Compute the metrics from a complete round, if it is caught up.

        Args:
            results: one result per task.
            now: instant of the evaluation, microseconds since the epoch.
            caught_up: whether the round rests on everything that was written when partitions were assigned.
        """
        self._complete_at = time.monotonic()
        self._caught_up = caught_up
        if caught_up and now >= self.as_of:
            partials = [result.partial for result in results if result.partial is not None]
            totals = Totals(partials, self._definitions, now)
            self.samples = samples_of(totals)
            if self.closed is not None:
                self.samples += self.closed.samples(PeriodTotals(totals))
            needed = self._definitions.cohorts is not None or self.closed is not None
            self._totals = totals if needed else None
            self.beyond = beyond_limits(partials, self._definitions, LISTED)
            self.uncovered = uncovered_segments(totals)
            self.as_of = now

    def cohorts(self) -> CohortTotals | None:
        """Return the cohorts of the last complete round; None before it, or unless cohorts are defined."""
        return None if self._totals is None else cohort_totals(self._totals)

    def periods(self) -> PeriodTotals | None:
        """Return the periods of the last complete round; None before it, or unless periods are defined."""
        return None if self._totals is None else period_totals(self._totals)

    def frozen_periods(self) -> FrozenPeriods | None:
        """Return the periods of the last complete round, with their frozen versions; None as `periods`."""
        totals = self.periods()
        if totals is None or self.closed is None:
            return None
        return FrozenPeriods(totals, list(self.closed.committed.values()), self._definitions)

    @property
    def caught_up(self) -> bool:
        """Whether the values are up to date: the last round is caught up and recent."""
        return self._caught_up and time.monotonic() - self._complete_at < _FRESH_SECONDS

    def continue_from(self, former: "Publisher") -> None:
        """Keep the values that this process exported last, if they are later than the restored ones.

        Only differences are published, once a second: the exported values are often a little newer.

        Args:
            former: publisher of this process while it was the roll-up leader before.
        """
        if former.as_of > self.as_of:
            self.samples, self.as_of = former.samples, former.as_of

    def publish_all(self) -> None:
        """Make the next `changes` hold all series, because the topic was created again.

        The new topic may already have some of them. A series that ceases is removed from it.
        """
        # A leading space makes the content differ without a change of its meaning.
        self._published = {key: b" " + content.lstrip() for key, content in self._published.items()}
        self._numbers.clear()
        self._published_at = self._as_of_at = -math.inf

    def changes(self, *, at_once: bool = False) -> list[Outgoing]:
        """Return the records to send to `retention.metrics`: the changed series, at most once a second.

        Args:
            at_once: return them, and the instant of the evaluation, whenever the last ones were sent, because
                another worker is about to become the roll-up leader.
        """
        at = time.monotonic()
        if at - self._published_at < _PUBLISH_SECONDS and not at_once:
            return []
        self._published_at = at
        samples = [Sample(CAUGHT_UP, {}, float(self.caught_up))]
        if self._caught_up:
            samples += self.samples
        if self.as_of and (at_once or at - self._as_of_at >= _AS_OF_SECONDS):
            self._as_of_at = at
            samples.append(Sample(AS_OF, {}, self.as_of / 1e6))
        series = {series_key(sample.metric, sample.labels): sample for sample in samples}
        changes = [change for key, sample in series.items() if (change := self._change(key, sample))]
        if self._caught_up:
            changes += self._removals(series.keys())
        return changes

    def _change(self, key: str, sample: Sample) -> Outgoing | None:
        numbers = repr((sample.value, sample.numerator, sample.denominator))
        if self._numbers.get(key) == numbers:
            return None
        self._numbers[key] = numbers
        value = series_value(sample, self.as_of)
        as_of = value.pop("as_of")
        content = _encode(value)
        if self._published.get(key) == content:
            return None
        self._published[key] = content
        headers = [(HEADER, self._group.encode())] if self._group and key in {AS_OF, CAUGHT_UP} else []
        return Outgoing(key.encode(), _encode(value | {"as_of": as_of}), headers=headers)

    def _removals(self, current: AbstractSet[str]) -> list[Outgoing]:
        """Return a null value and a tombstone for each published series that no longer exists."""
        gone = self._published.keys() - current - {AS_OF, CAUGHT_UP}
        changes = []
        for key in sorted(gone):
            row = msgspec.json.decode(self._published.pop(key))
            self._numbers.pop(key, None)
            null = series_value(Sample(row["metric"], row["labels"], math.nan), self.as_of)
            changes += [Outgoing(key.encode(), _encode(null)), Outgoing(key.encode(), None)]
        return changes


def _is_metric(value: bytes) -> bool:
    try:
        _decode(value)
    except msgspec.DecodeError:
        return False
    return True


def _sample(row: Mapping[str, Any]) -> Sample:
    value = row["value"]
    return Sample(
        row["metric"],
        row["labels"],
        math.nan if value is None else value,
        row.get("numerator"),
        row.get("denominator"),
    )
