"""`/metrics`: values computed when they are scraped, so that what a worker no longer owns disappears."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, get_args

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from models.contract.decoding import Reason
from models.metrics.catalogue import CATALOGUE, Sample
from streams.kafka.topics import DERIVED
from streams.monitoring.lag import Lag
from streams.monitoring.worker_counters import WorkerCounters
from streams.rollup.publisher import AS_OF, CAUGHT_UP, Publisher
from streams.version import VERSION

AS_OF_HELP = "The instant that the numbers hold for, in seconds since the epoch."
CAUGHT_UP_HELP = (
    "1 if the numbers rest on all that has been written, else 0: then they are the last that did."
)


class WorkerState(Protocol):
    """What the gauges of one worker are read from, at scrape."""

    def rows(self) -> int:
        """Customer rows held."""

    def bytes(self) -> int:
        """Bytes of them."""

    def owned(self) -> int:
        """Running tasks."""

    def caught_up(self) -> bool:
        """Whether every task assigned here runs and has read all there was."""

    def lags(self) -> Iterable[Lag]:
        """Each running task's lag."""


class BusinessCollector(Collector):
    """The metrics of the whole, exported by the roll-up's owner and nobody else."""

    def __init__(self, publisher: Callable[[], Publisher | None]) -> None:
        self._publisher = publisher

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give the last complete values."""
        publisher = self._publisher()
        if publisher is None:
            return
        yield from _families(publisher.samples)
        if publisher.as_of:
            yield GaugeMetricFamily(AS_OF, AS_OF_HELP, value=publisher.as_of / 1e6)
        yield GaugeMetricFamily(CAUGHT_UP, CAUGHT_UP_HELP, value=float(publisher.caught_up))


def _families(samples: Iterable[Sample]) -> Iterable[GaugeMetricFamily]:
    """Group samples by metric; beside each ratio, how much it rests on."""
    families: dict[str, GaugeMetricFamily] = {}
    for sample in samples:
        help_text, labels = CATALOGUE[sample.metric]
        values = [sample.labels[name] for name in labels]
        _family(families, sample.metric, help_text, labels).add_metric(values, sample.value)
        if sample.metric.endswith("_ratio") and sample.denominator is not None:
            name = sample.metric.removesuffix("_ratio") + "_denominator"
            help_text = f"How much {sample.metric} rests on."
            _family(families, name, help_text, labels).add_metric(values, sample.denominator)
    return families.values()


def _family(
    families: dict[str, GaugeMetricFamily], name: str, help_text: str, labels: Sequence[str]
) -> GaugeMetricFamily:
    if name not in families:
        families[name] = GaugeMetricFamily(name, help_text, labels=labels)
    return families[name]


class WorkerCollector(Collector):
    """One worker's own series."""

    def __init__(self, operational: WorkerCounters, state: WorkerState) -> None:
        self._operational = operational
        self._state = state

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give the counters, histograms and gauges."""
        own, state = self._operational, self._state
        yield InfoMetricFamily("retention_worker", "What runs here.", value={"version": VERSION})
        yield _counter("events", "Records read from the inputs.", "topic", own.events_in.items())
        yield _counter(
            "anonymous_records",
            "Records of which an event was left out because nothing says whose it is.",
            "topic",
            own.anonymous.items(),
        )
        # Every reason from the start: a counter that is born above zero has no increase to alert on.
        refused = [(reason, own.dead_letters[reason]) for reason in get_args(Reason)]
        yield _counter("dead_letters", "Records refused, by reason.", "reason", refused)
        yield _counter(
            "records_lost",
            "Records that an input's own retention removed before they were read.",
            "topic",
            own.records_lost.items(),
        )
        yield _counter(
            "outputs",
            "Records written to the derived topics, by topic.",
            "topic",
            [(topic, own.written[topic]) for topic in DERIVED],
        )
        yield CounterMetricFamily(
            "retention_worker_duplicates", "Facts that were known already.", value=own.duplicates
        )
        yield CounterMetricFamily(
            "retention_worker_erased_events",
            "Events of erased customers, which were dropped.",
            value=own.erased,
        )
        yield CounterMetricFamily(
            "retention_worker_rerouted", "Facts forwarded to their customer's task.", value=own.rerouted
        )
        yield HistogramMetricFamily(
            "retention_worker_event_to_metric_seconds",
            "From a record's timestamp until it was in the exported metrics.",
            buckets=own.latency.cumulative(),
            sum_value=own.latency.sum,
        )
        yield HistogramMetricFamily(
            "retention_worker_flush_seconds",
            "Time that a task's transaction took.",
            buckets=own.flush.cumulative(),
            sum_value=own.flush.sum,
        )
        yield _gauge("recovery_seconds", "How long the last task took to be restored.", own.recovery_seconds)
        yield _gauge("state_rows", "Customer rows held.", state.rows())
        yield _gauge("state_bytes", "Bytes of the customer rows held.", state.bytes())
        yield _gauge("tasks_owned", "Tasks (partitions) that are running here.", state.owned())
        yield _gauge("caught_up", "1 if every task here has read all there was.", float(state.caught_up()))
        lag = GaugeMetricFamily(
            "retention_worker_lag_records", "Records not read yet.", labels=["topic", "partition"]
        )
        for one in state.lags():
            for tp, records in one.records.items():
                lag.add_metric([tp.topic, str(tp.partition)], records)
        yield lag


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"retention_worker_{name}", help_text, value=value)


def _counter(name: str, help_text: str, label: str, values: Iterable[tuple[str, int]]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"retention_worker_{name}", help_text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family
