"""`/metrics`: values are computed at scrape, so that series of tasks which a worker has lost disappear."""

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
from models.contract.events import Kind
from models.metrics.catalogue import CATALOGUE, Sample
from streams.monitoring.lag import Lag
from streams.monitoring.worker_counters import WorkerCounters
from streams.rollup.publisher import AS_OF, CAUGHT_UP, Publisher
from streams.version import VERSION

AS_OF_HELP = "Time of the published values, in seconds since the epoch."
CAUGHT_UP_HELP = (
    "1 if the values include all records written so far, else 0 and the values are the last complete ones."
)
EXPECTED_HELP = "Workers that joined the group and have not left in order."


class WorkerState(Protocol):
    """The worker, as its gauges read it at scrape."""

    def rows(self) -> int:
        """Return the number of customer rows held."""

    def bytes(self) -> int:
        """Return the size of the customer rows, bytes."""

    def owned(self) -> int:
        """Return the number of running tasks."""

    def caught_up(self) -> bool:
        """Return whether every assigned task runs and has read all records."""

    def lags(self) -> Iterable[Lag]:
        """Return the lag of each running task."""

    def expected_workers(self) -> int:
        """Return the number of workers that the group should have; 0 if this worker does not know it."""


class BusinessCollector(Collector):
    """Collects the business metrics, which only the owner of the roll-up exports.

    Args:
        publisher: returns the publisher of the metrics; None on other workers.
    """

    def __init__(self, publisher: Callable[[], Publisher | None]) -> None:
        self._publisher = publisher

    def describe(self) -> Iterable[Metric]:
        """Return no metrics: the registry must not collect at registration."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the last complete values."""
        publisher = self._publisher()
        if publisher is None:
            return
        yield from _families(publisher.samples)
        if publisher.as_of:
            yield GaugeMetricFamily(AS_OF, AS_OF_HELP, value=publisher.as_of / 1e6)
        yield GaugeMetricFamily(CAUGHT_UP, CAUGHT_UP_HELP, value=float(publisher.caught_up))


def _families(samples: Iterable[Sample]) -> Iterable[GaugeMetricFamily]:
    """Group samples by metric, and add the denominator of each ratio."""
    families: dict[str, GaugeMetricFamily] = {}
    for sample in samples:
        help_text, labels = CATALOGUE[sample.metric]
        values = [sample.labels[name] for name in labels]
        _family(families, sample.metric, help_text, labels).add_metric(values, sample.value)
        if sample.metric.endswith("_ratio") and sample.denominator is not None:
            name = sample.metric.removesuffix("_ratio") + "_denominator"
            help_text = f"Denominator of {sample.metric}."
            _family(families, name, help_text, labels).add_metric(values, sample.denominator)
    return families.values()


def _family(
    families: dict[str, GaugeMetricFamily], name: str, help_text: str, labels: Sequence[str]
) -> GaugeMetricFamily:
    if name not in families:
        families[name] = GaugeMetricFamily(name, help_text, labels=labels)
    return families[name]


class WorkerCollector(Collector):
    """Collects one worker's own series.

    Args:
        counters: the worker's counters and histograms.
        state: the worker, for its gauges.
    """

    def __init__(self, counters: WorkerCounters, state: WorkerState) -> None:
        self._counters = counters
        self._state = state

    def describe(self) -> Iterable[Metric]:
        """Return no metrics: the registry must not collect at registration."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the counters, histograms and gauges."""
        yield InfoMetricFamily("retention_worker", "Version of the worker.", value={"version": VERSION})
        yield from self._records()
        yield from self._facts()
        yield from self._durations()
        yield from self._gauges()
        yield self._changed_mappings()
        yield self._lag()

    def _records(self) -> Iterator[Metric]:
        """Yield the counters of read, rejected, lost and written records."""
        own = self._counters
        yield _counter("events", "Records read from the inputs.", "topic", own.events_in.items())
        yield _counter(
            "anonymous_records",
            "Records with an event that was skipped because it names no customer.",
            "topic",
            own.without_customer.items(),
        )
        yield _counter(
            "unchanged_records",
            "Records with an event that was skipped because a field that it needs has a placeholder.",
            "topic",
            own.unchanged.items(),
        )
        # Every reason from the start: a counter that first appears above zero shows no increase.
        rejected = [(reason, own.dead_letters[reason]) for reason in get_args(Reason)]
        yield _counter("dead_letters", "Records rejected, by reason.", "reason", rejected)
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
            [(topic, own.written[topic]) for topic in own.derived_topics],
        )

    def _facts(self) -> Iterator[Metric]:
        """Yield the counters of duplicate, erased and forwarded facts."""
        own = self._counters
        yield CounterMetricFamily(
            "retention_worker_duplicates", "Facts that had been applied before.", value=own.duplicates
        )
        yield _counter(
            "conflicting_duplicates",
            "Events with the id of another event of their customer and a different content.",
            "topic",
            [(kind, own.conflicting_duplicates[kind]) for kind in get_args(Kind)],
        )
        yield CounterMetricFamily(
            "retention_worker_erased_events",
            "Events dropped because their customer is erased.",
            value=own.erased,
        )
        yield CounterMetricFamily(
            "retention_worker_rerouted", "Facts forwarded to their customer's task.", value=own.repartitioned
        )

    def _durations(self) -> Iterator[Metric]:
        """Yield the histograms, and the duration of the last restore."""
        own = self._counters
        yield HistogramMetricFamily(
            "retention_worker_event_to_metric_seconds",
            "Time from a record's timestamp until the exported metrics include it.",
            buckets=own.latency.cumulative(),
            sum_value=own.latency.sum,
        )
        yield HistogramMetricFamily(
            "retention_worker_flush_seconds",
            "Duration of a task's transaction.",
            buckets=own.commit_seconds.cumulative(),
            sum_value=own.commit_seconds.sum,
        )
        yield _gauge(
            "recovery_seconds", "Time that the last task took to restore its state.", own.recovery_seconds
        )

    def _gauges(self) -> Iterator[Metric]:
        """Yield the size of the state, and the tasks and workers."""
        state = self._state
        yield _gauge("state_rows", "Customer rows held.", state.rows())
        yield _gauge("state_bytes", "Bytes of the customer rows held.", state.bytes())
        yield _gauge("tasks_owned", "Tasks (partitions) that run on this worker.", state.owned())
        yield _gauge(
            "caught_up", "1 if every task of this worker has read all records.", float(state.caught_up())
        )
        if expected := state.expected_workers():  # 0 except on the roll-up leader
            yield GaugeMetricFamily("retention_workers_expected", EXPECTED_HELP, value=expected)

    def _changed_mappings(self) -> Metric:
        changed = GaugeMetricFamily(
            "retention_worker_mapping_changed",
            "1 if records of an input were counted by another mapping than the one of this worker.",
            labels=["topic"],
        )
        for topic in self._counters.changed_inputs:
            changed.add_metric([topic], 1.0)
        return changed

    def _lag(self) -> Metric:
        lag = GaugeMetricFamily(
            "retention_worker_lag_records", "Records that are not read yet.", labels=["topic", "partition"]
        )
        for one in self._state.lags():
            for tp, records in one.records.items():
                lag.add_metric([tp.topic, str(tp.partition)], records)
        return lag


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"retention_worker_{name}", help_text, value=value)


def _counter(name: str, help_text: str, label: str, values: Iterable[tuple[str, int]]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"retention_worker_{name}", help_text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family
