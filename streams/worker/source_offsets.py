"""Offsets of the topics that a worker's tasks read, by way of the group's one consumer."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types.tuples import TP

from streams.faust_engine.transport import BatchConsumer
from streams.kafka.aiokafka_patches.consumer_internals import log_end_offsets
from streams.kafka.protocol.topic_ids import topic_ids
from streams.monitoring.worker_counters import WorkerCounters

log = logging.getLogger(__name__)


class SourceOffsets:
    """Starting positions, end offsets, seeks and pauses of the sources of all tasks.

    Args:
        consumer: returns Faust's consumer, which exists once the app has started.
        inputs: input topics.
        counters: counts the records that retention has removed unread.
    """

    def __init__(
        self, consumer: Callable[[], BatchConsumer], inputs: Collection[str], counters: WorkerCounters
    ) -> None:
        self._get_consumer = consumer
        self._inputs = inputs
        self._counters = counters
        self._lost_until: dict[TopicPartition, int] = {}  # reprocessing finds a counted gap again
        self._topic_ids: dict[TopicPartition, str] = {}  # of the topics that are read

    @property
    def _consumer(self) -> BatchConsumer:
        return self._get_consumer()

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the current ends of the logs, including open transactions."""
        return await self._consumer.call(log_end_offsets, self._consumer.kafka, list(tps))

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the earliest offsets that still exist."""
        return dict(await self._consumer.call(self._consumer.kafka.beginning_offsets, list(tps)))

    async def committed(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the group's committed offsets. Partitions without one are left out."""
        kafka = self._consumer.kafka
        found = {tp: await self._consumer.call(kafka.committed, tp) for tp in tps}
        return {tp: offset for tp, offset in found.items() if offset is not None}

    async def starting_positions(
        self, tps: Iterable[TopicPartition], *, from_earliest: bool
    ) -> dict[TopicPartition, int]:
        """Return where a task starts to read: the committed offsets, or the earliest ones without any.

        An input that was deleted and created again is read from its beginning. Its topic id differs, or it
        ends before the committed offset. Records that retention has removed unread are counted and logged.

        Args:
            tps: all sources of the task.
            from_earliest: read the inputs from their beginning, because the state made of them is lost.

        Raises:
            KafkaError: Kafka does not answer.
        """
        tps = list(tps)
        recreated = await self._record_ids(tps)
        committed = await self.committed(tps)
        earliest = await self.beginning_offsets(tps)
        ends = await self.end_offsets(tps)
        positions = {}
        for tp in tps:
            position = committed.get(tp, earliest[tp])
            if tp in recreated or (position > ends[tp] and tp.topic in self._inputs):
                self._log_recreated(tp, position, ends[tp])
                self._lost_until.pop(tp, None)
                position = earliest[tp]
            elif from_earliest and tp.topic in self._inputs:
                position = 0
            self._count_lost(tp, position, earliest[tp])
            positions[tp] = max(position, earliest[tp])
        return positions

    @staticmethod
    def _log_recreated(tp: TopicPartition, position: int, end: int) -> None:
        log.error(
            "%s partition %d was created again: it was read up to offset %d and now ends at %d; "
            "reading it from its beginning",
            tp.topic,
            tp.partition,
            position,
            end,
        )

    async def recreated(self, tps: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Return the input partitions whose topic was deleted and created again since their reading began.

        Args:
            tps: everything that this worker reads. The ids of all other partitions are dropped, because
                another worker may have started the new topic meanwhile.

        Raises:
            KafkaError: Kafka does not answer.
        """
        tps = list(tps)
        self._topic_ids = {tp: self._topic_ids[tp] for tp in tps if tp in self._topic_ids}
        return self._with_other_id(await self._ids_of(tps))

    async def _record_ids(self, tps: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Record the topic ids of `tps`. Return those that had another one before."""
        tps = list(tps)
        ids = await self._ids_of(tps)
        recreated = self._with_other_id(ids) & set(tps)
        self._topic_ids.update({tp: ids[tp.topic] for tp in tps if tp.topic in ids})
        return recreated

    async def _ids_of(self, tps: Iterable[TopicPartition]) -> dict[str, str]:
        try:
            names = {tp.topic for tp in tps} & set(self._inputs)
            return await self._consumer.call(topic_ids, self._consumer.kafka, names)
        except NotImplementedError:  # Kafka before 2.8 has no topic ids
            return {}

    def _with_other_id(self, ids: Mapping[str, str]) -> set[TopicPartition]:
        return {tp for tp, known in self._topic_ids.items() if ids.get(tp.topic, known) != known}

    async def check_lost(self, tp: TopicPartition, position: int, found: int) -> None:
        """Count and log the records that retention has removed unread.

        Args:
            tp: the partition.
            position: offset that was to be read next.
            found: offset that was read instead.
        """
        try:
            earliest = (await self.beginning_offsets([tp]))[tp]
        except KafkaError as error:
            log.warning("cannot tell whether records of %s were lost: %s", tp.topic, error)
            return
        self._count_lost(tp, position, min(earliest, found))

    async def seek(self, positions: Mapping[TopicPartition, int]) -> None:
        """Make the consumer read on from `positions`."""
        await self._consumer.seek_all(positions)

    def resume(self, tps: Iterable[TopicPartition]) -> None:
        """Fetch from these partitions."""
        self._consumer.resume_partitions({TP(tp.topic, tp.partition) for tp in tps})

    def pause(self, tps: Iterable[TopicPartition]) -> None:
        """Stop fetching from these partitions."""
        self._consumer.pause_partitions({TP(tp.topic, tp.partition) for tp in tps})

    def rejoin(self) -> None:
        """Join the group again, because another worker owns a task of this one."""
        self._consumer.rejoin()

    def _count_lost(self, tp: TopicPartition, position: int, earliest: int) -> None:
        """Count and log the records between `position` and `earliest`, each record once.

        Lost ticks and partial results do not matter: they are of one moment.
        """
        position = max(position, self._lost_until.get(tp, 0))
        if position >= earliest or not (tp.topic in self._inputs or tp.topic.endswith("-facts")):
            return
        self._lost_until[tp] = earliest
        count = earliest - position
        self._counters.lost(tp, count)
        log.error(
            "%d records of %s partition %d were removed by the topic's own retention before they were read; "
            "the metrics do not include them",
            count,
            tp.topic,
            tp.partition,
        )
