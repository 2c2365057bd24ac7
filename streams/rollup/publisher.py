"""The metrics of the whole: made of complete sets of answers, exported, written to `retention.metrics`."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from models.contract.decoding import to_us
from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE, Sample, compute
from streams.kafka.outbox import Outgoing
from streams.rollup.collector import PartialResult

AS_OF = "retention_as_of_timestamp_seconds"
CAUGHT_UP = "retention_caught_up"

_PUBLISH_SECONDS = 1.0
_AS_OF_SECONDS = 10.0
#: Without a complete set of answers for this long, the numbers are no longer what is.
_FRESH_SECONDS = 10.0

_encode = msgspec.json.Encoder(order="deterministic").encode


def series_key(metric: str, labels: Mapping[str, str]) -> str:
    """Give a series its name as Prometheus writes it, labels sorted: the key in `retention.metrics`."""
    if not labels:
        return metric
    inside = ",".join(f'{name}="{_escape(value)}"' for name, value in sorted(labels.items()))
    return f"{metric}{{{inside}}}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def series_value(sample: Sample, as_of: int) -> dict[str, Any]:
    """Give a series as it is in `retention.metrics` and printed by `compute --json`; NaN is null.

    Args:
        sample: the series.
        as_of: microseconds since the epoch.
    """
    value: dict[str, Any] = {"metric": sample.metric, "labels": sample.labels, "value": _number(sample.value)}
    if sample.numerator is not None:
        value["numerator"] = _number(sample.numerator)
    if sample.denominator is not None:
        value["denominator"] = _number(sample.denominator)
    value["as_of"] = datetime.fromtimestamp(as_of / 1e6, UTC).isoformat().replace("+00:00", "Z")
    return value


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


class Publisher:
    """The last complete values, and what of them has been published.

    A new owner begins with what `retention.metrics` holds: the last complete values stay until there are
    newer ones, and only the difference is sent.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.samples: list[Sample] = []
        self.as_of = 0  #: microseconds since the epoch; 0: nothing has been complete yet
        self._caught_up = False
        self._complete_at = -math.inf
        self._published: dict[str, bytes] = {}
        self._published_at = -math.inf
        self._as_of_at = -math.inf

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take what `retention.metrics` holds, in its order."""
        rows: dict[str, dict[str, Any]] = {}
        for key, value in records:
            if value is None:
                rows.pop(key.decode(), None)
            else:
                rows[key.decode()] = msgspec.json.decode(value)
        for name, row in rows.items():
            self.as_of = max(self.as_of, to_us(datetime.fromisoformat(row.pop("as_of"))))
            self._published[name] = _encode(row)
            if row["metric"] in CATALOGUE:  # not what another version published
                self.samples.append(_sample(row))

    def complete(self, answers: Sequence[PartialResult], now: int, *, caught_up: bool) -> None:
        """Take a complete set of answers, evaluated at `now`."""
        self._complete_at = time.monotonic()
        self._caught_up = caught_up
        if caught_up and now >= self.as_of:
            partials = [answer.partial for answer in answers if answer.partial is not None]
            self.samples = compute(partials, self._definitions, now)
            self.as_of = now

    @property
    def caught_up(self) -> bool:
        """Whether the exported values are what is."""
        return self._caught_up and time.monotonic() - self._complete_at < _FRESH_SECONDS

    def changes(self) -> list[Outgoing]:
        """What to send to `retention.metrics`: series that have changed, at most once a second."""
        at = time.monotonic()
        if at - self._published_at < _PUBLISH_SECONDS:
            return []
        self._published_at = at
        samples = [Sample(CAUGHT_UP, {}, float(self.caught_up))]
        if self._caught_up:
            samples += self.samples
        if self.as_of and at - self._as_of_at >= _AS_OF_SECONDS:
            self._as_of_at = at
            samples.append(Sample(AS_OF, {}, self.as_of / 1e6))
        changes = [change for sample in samples if (change := self._change(sample))]
        if self._caught_up:
            changes += self._ceased({series_key(s.metric, s.labels) for s in self.samples})
        return changes

    def _change(self, sample: Sample) -> Outgoing | None:
        key = series_key(sample.metric, sample.labels)
        value = series_value(sample, self.as_of)
        as_of = value.pop("as_of")
        content = _encode(value)
        if self._published.get(key) == content:
            return None
        self._published[key] = content
        return Outgoing(key.encode(), _encode(value | {"as_of": as_of}))

    def _ceased(self, current: set[str]) -> list[Outgoing]:
        gone = self._published.keys() - current - {AS_OF, CAUGHT_UP}
        changes = []
        for key in sorted(gone):
            row = msgspec.json.decode(self._published.pop(key))
            ceased = series_value(Sample(row["metric"], row["labels"], math.nan), self.as_of)
            changes += [Outgoing(key.encode(), _encode(ceased)), Outgoing(key.encode(), None)]
        return changes


def _sample(row: Mapping[str, Any]) -> Sample:
    value = row["value"]
    return Sample(
        row["metric"],
        row["labels"],
        math.nan if value is None else value,
        row.get("numerator"),
        row.get("denominator"),
    )
