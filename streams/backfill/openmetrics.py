"""Write the samples of many instants as OpenMetrics text.

OpenMetrics demands the order metric, series, time, but all series of one instant arrive together. Samples are
therefore kept as numbers, 12 bytes each, and moved to a temporary file when there are too many.
"""

import math
import re
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Final, NamedTuple, Self, cast

from models.metrics.catalogue import CATALOGUE, Sample
from streams.monitoring.exporter import AS_OF_HELP, CAUGHT_UP_HELP
from streams.rollup.publisher import AS_OF, CAUGHT_UP, series_key

#: Metrics whose past values the alerts use: recording rules record them (prometheus/recording.py).
RECORDED: Final = (
    AS_OF,
    "retention_churn_ratio",
    "retention_churn_denominator",
    "retention_channel_rate_ratio",
    "retention_channel_rate_denominator",
    "retention_segment_customers",
    "retention_sla_breach_ratio",
    "retention_sla_breach_denominator",
    "retention_nps",
    "retention_responses",
    "retention_refund_ratio",
    "retention_refund_denominator",
    "retention_cart_abandonment_ratio",
    "retention_cart_abandonment_denominator",
    "retention_deliveries_overdue",
    "retention_payment_failures",
)
#: Samples held in memory: about 25 MB.
HELD_SAMPLES: Final = 2_000_000

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def is_label(name: str) -> bool:
    """Return whether `name` is a valid label name in Prometheus, and not a reserved one."""
    return _LABEL.fullmatch(name) is not None and not name.startswith("__")


class _Block(NamedTuple):
    """Samples of a series in the temporary file.

    Attributes:
        offset: position in the file, bytes.
        samples: number of samples.
    """

    offset: int
    samples: int


class _Series:
    """The samples of one series.

    Attributes:
        steps: indexes of the instants of the samples in memory.
        values: values of the samples in memory.
        stored: blocks of earlier samples in the temporary file.
    """

    def __init__(self) -> None:
        self.steps = array("I")
        self.values = array("d")
        self.stored: list[_Block] = []


class MetricsRecorder:
    """Collect the samples of one instant after another, and write them as OpenMetrics text.

    A context manager: leaving it deletes the temporary file.

    Args:
        labels: labels of every series, like those that a scrape adds.
        recorded: whether to add the series that the recording rules would have recorded.
        held_samples: maximum number of samples in memory.

    Example:
        >>> with MetricsRecorder({"job": "retention"}) as recorder:
        ...     recorder.add(now, samples)
        ...     recorder.write(sys.stdout)
    """

    def __init__(
        self, labels: Mapping[str, str], *, recorded: bool = True, held_samples: int = HELD_SAMPLES
    ) -> None:
        self._labels = dict(labels)
        self._recorded = recorded
        self._held_samples = held_samples
        self._families: dict[str, dict[tuple[str, ...], _Series]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._instants: list[str] = []
        self._held = 0
        self._file = cast("IO[bytes]", tempfile.TemporaryFile(prefix="retention-"))  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, now: int, samples: Iterable[Sample]) -> None:
        """Add the samples of an instant. NaN is skipped.

        Args:
            now: the instant, microseconds since the epoch; later than every instant before.
            samples: the samples of all series.
        """
        step = len(self._instants)
        self._instants.append(_seconds(now))
        for sample in samples:
            self._add(step, sample.metric, sample.labels, sample.value)
            if sample.metric.endswith("_ratio") and sample.denominator is not None:
                name = sample.metric.removesuffix("_ratio") + "_denominator"
                self._add(step, name, sample.labels, sample.denominator)
        self._add(step, AS_OF, {}, now / 1e6)
        self._add(step, CAUGHT_UP, {}, 1.0)
        if self._held >= self._held_samples:
            self._store()

    def _add(self, step: int, metric: str, labels: Mapping[str, str], value: float) -> None:
        if math.isnan(value):
            return
        family = self._families.get(metric)
        if family is None:
            family = self._families[metric] = {}
            self._names[metric] = tuple(labels)
        key = tuple([labels[name] for name in self._names[metric]])
        series = family.get(key)
        if series is None:
            series = family[key] = _Series()
        series.steps.append(step)
        series.values.append(value)
        self._held += 1

    def _store(self) -> None:
        self._file.seek(0, 2)
        for family in self._families.values():
            for series in family.values():
                if series.steps:
                    series.stored.append(_Block(self._file.tell(), len(series.steps)))
                    self._file.write(series.steps.tobytes() + series.values.tobytes())
                    series.steps, series.values = array("I"), array("d")
        self._held = 0

    def write(self, out: IO[str]) -> int:
        """Write all samples and return their number. The last line is `# EOF`.

        Args:
            out: text file.
        """
        samples = 0
        for metric, family in self._families.items():
            samples += self._write_family(out, metric, metric, _help(metric), family)
        if self._recorded:
            for metric, family in self._families.items():
                if metric in RECORDED:
                    described = f"{metric}, as the recording rule records it."
                    samples += self._write_family(
                        out, f"job:{metric}:held", metric, described, family, held=True
                    )
        out.write("# EOF\n")
        return samples

    def _write_family(
        self,
        out: IO[str],
        name: str,
        metric: str,
        described: str,
        family: Mapping[tuple[str, ...], _Series],
        *,
        held: bool = False,
    ) -> int:
        out.write(f"# TYPE {name} gauge\n# HELP {name} {_escaped(described)}\n")
        # The recording rules aggregate over workers, so their series have no `instance`.
        common = {label: value for label, value in self._labels.items() if not held or label != "instance"}
        samples = 0
        for values, series in family.items():
            key = series_key(name, dict(zip(self._names[metric], values, strict=True)) | common)
            for step, value in self._read(series):
                out.write(f"{key} {_number(value)} {self._instants[step]}\n")
                samples += 1
        return samples

    def _read(self, series: _Series) -> Iterator[tuple[int, float]]:
        for offset, count in series.stored:
            self._file.seek(offset)
            steps, values = array("I"), array("d")
            steps.frombytes(self._file.read(count * steps.itemsize))
            values.frombytes(self._file.read(count * values.itemsize))
            yield from zip(steps, values, strict=True)
        yield from zip(series.steps, series.values, strict=True)


def _help(metric: str) -> str:
    if metric in CATALOGUE:
        return CATALOGUE[metric][0]
    if metric.endswith("_denominator"):
        return f"Denominator of {metric.removesuffix('_denominator')}_ratio."
    return AS_OF_HELP if metric == AS_OF else CAUGHT_UP_HELP


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _seconds(us: int) -> str:
    whole, rest = divmod(us, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0") if rest else str(whole)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
