"""Build a worker from its settings."""

from collections.abc import Callable, Mapping

from streams.clock import clock
from streams.config.load import Settings
from streams.faust_engine.app import FaustApp
from streams.faust_engine.table import CustomersTable
from streams.ingest import input_topics
from streams.kafka.topics import Names
from streams.mapping import mappings
from streams.mapping.reader import Reader
from streams.monitoring.worker_counters import WorkerCounters
from streams.read_model.follower import ReadModel
from streams.read_model.store import Store
from streams.worker.clock_check import ClockCheck
from streams.worker.context import TaskContext
from streams.worker.source_offsets import SourceOffsets
from streams.worker.worker import Worker


def build_worker(
    settings: Settings, partitions: Mapping[str, int], address: Callable[[], str] | None = None
) -> Worker:
    """Return a worker that is ready to start.

    Args:
        settings: validated settings.
        partitions: topic -> number of partitions, of all topics that the worker reads or writes.
        address: returns the URL at which other workers reach this one. It is called when the worker joins its
            group, so that the port may be bound after this call. Unset: the host and port of the settings.

    Raises:
        RetentionError: two patterns match one input topic.
    """
    app = FaustApp(settings, address)
    table = CustomersTable(app, name="customers", partitions=settings.partitions)
    app.tables.add(table)
    read_model = _read_model(settings, partitions, lambda: worker)
    worker = Worker(settings, app, table, _context(settings, app, partitions), read_model)
    worker.declare()
    return worker


def _context(settings: Settings, app: FaustApp, partitions: Mapping[str, int]) -> TaskContext:
    counters = WorkerCounters(Names.of(settings).derived)
    compiled, topics = mappings.build(settings), input_topics.resolved(settings, partitions)
    inputs = compiled.readers(topics)
    for topic in (topic for topic, one in inputs.items() if isinstance(one, Reader)):
        # A counter that first appears above zero shows no increase.
        counters.count_without_customer(topic, 0)
        counters.count_unchanged(topic, 0)
    return TaskContext(
        definitions=settings.definitions,
        inputs=inputs,
        names=Names.of(settings),
        task_count=settings.partitions,
        clock=clock(settings.clock),
        client_options=app.client_options,
        counters=counters,
        source_offsets=SourceOffsets(lambda: app.batch_consumer, inputs, counters),
        partition_counts=partitions,
        clock_check=ClockCheck(settings.clock_tolerance),
        mapping_digests={topic: compiled.digest_of(one) for topic, one in topics.items()},
        inputs_digest=compiled.digest(),
    )


def _read_model(
    settings: Settings, partitions: Mapping[str, int], worker: Callable[[], Worker]
) -> ReadModel | None:
    if settings.redis is None:
        return None
    names = Names.of(settings)
    return ReadModel(
        Store(settings.redis, settings.group, names.metrics),
        settings.client_options(),
        {topic: partitions.get(topic, 0) for topic in (names.metrics, names.customers)},
        active=lambda: worker().leader is not None,
        busy=lambda: not worker().caught_up(),
    )
