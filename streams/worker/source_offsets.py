"""Offsets of the topics that a worker's tasks read, by way of the group's one consumer."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from models.partition.metadata import ChangelogStart
from streams.faust_engine.transport import BatchConsumer
from streams.kafka.aiokafka_patches.consumer_internals import committed_offsets, known_end, log_end_offsets
from streams.monitoring.worker_counters import WorkerCounters
from streams.worker.topic_ids import TopicIds

Committed = Mapping[TopicPartition, OffsetAndMetadata]

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
        self._topic_ids = TopicIds(consumer)

    @property
    def _consumer(self) -> BatchConsumer:
        return self._get_consumer()

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the current ends of the logs, including open transactions."""
        return await self._consumer.call(log_end_offsets, self._consumer.kafka, list(tps))

    def known_ends(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the ends of the logs that the last fetches found, without a request.

        Partitions without an answered fetch are left out.
        """
        consumer = self._consumer.kafka
        found = {tp: known_end(consumer, tp) for tp in tps}
        return {tp: end for tp, end in found.items() if end is not None}

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the earliest offsets that still exist."""
        return dict(await self._consumer.call(self._consumer.kafka.beginning_offsets, list(tps)))

    async def committed(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return the group's committed offsets with their topic ids. Partitions without one are left out."""
        return await self._consumer.call(committed_offsets, self._consumer.kafka, list(tps))

    async def starting_positions(
        self, tps: Iterable[TopicPartition], *, from_earliest: bool
    ) -> dict[TopicPartition, int]:
        """Return where a task starts to read: the committed offsets, or the earliest ones without any.

        A topic that was deleted and created again is read from its beginning. Its topic id differs, or it
        ends before the committed offset. Records that retention has removed unread are counted and logged.

        Args:
            tps: all sources of the task.
            from_earliest: read the inputs from their beginning, because the state made of them is lost.

        Raises:
            KafkaError: Kafka does not answer.
        """
        tps = list(tps)
        ids = await self._topic_ids.current(tps)
        committed = await self.committed(tps)
        earliest = await self.beginning_offsets(tps)
        ends = await self.end_offsets(tps)
        positions = {}
        for tp in tps:
            position = committed[tp].offset if tp in committed else earliest[tp]
            if position > ends[tp] or self._has_other_id(tp, ids, committed):
                self._log_recreated(tp, position, ends[tp])
                self._lost_until.pop(tp, None)
                position = earliest[tp]
            elif from_earliest and tp.topic in self._inputs:
                position = 0
            self._count_lost(tp, position, earliest[tp])
            positions[tp] = max(position, earliest[tp])
        self._topic_ids.record(ids)
        return positions

    def _has_other_id(
        self, tp: TopicPartition, ids: Mapping[TopicPartition, str], committed: Committed
    ) -> bool:
        """Return whether the committed offset belongs to a topic that has been deleted."""
        # Offsets that an older release committed have no id.
        known = (committed[tp].metadata if tp in committed else "") or self._topic_ids.of(tp)
        return bool(known) and ids.get(tp, known) != known

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

    def with_topic_ids(
        self, positions: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return positions as offsets to commit, with the id of the topic that they belong to."""
        return {tp: OffsetAndMetadata(at, self._topic_ids.of(tp)) for tp, at in positions.items()}

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """Return topic -> its current id; without topics that do not exist, and nothing before Kafka 2.8.

        Raises:
            KafkaError: Kafka does not answer.
        """
        ids = await self._topic_ids.current([TopicPartition(topic, 0) for topic in topics])
        return {tp.topic: found for tp, found in ids.items()}

    async def recreated(self, tps: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Return the partitions whose topic was deleted and created again since their reading began.

        Args:
            tps: everything that this worker reads.

        Raises:
            KafkaError: Kafka does not answer.
        """
        return await self._topic_ids.changed(tps)

    async def facts_lost(self, facts: TopicPartition, committed: Committed) -> bool:
        """Return whether facts were removed before the task read them.

        They were removed by the topic's retention, or with the topic, whose committed offsets Kafka then
        deletes too. A task commits those of the facts in the transaction of its first offsets.

        Args:
            facts: the task's partition of the facts topic.
            committed: committed offsets of all sources of the task.

        Raises:
            KafkaError: Kafka does not answer.
        """
        if facts not in committed:
            return any(offset.metadata for offset in committed.values())
        ids = await self._topic_ids.current([facts])
        if self._has_other_id(facts, ids, committed):
            return True
        earliest, end = await self.beginning_offsets([facts]), await self.end_offsets([facts])
        return not earliest[facts] <= committed[facts].offset <= end[facts]

    async def changelog_starts(
        self, changelogs: Iterable[TopicPartition]
    ) -> dict[TopicPartition, ChangelogStart]:
        """Return the topic id and the earliest offset of changelog partitions that exist.

        Raises:
            KafkaError: Kafka does not answer.
        """
        ids = await self._topic_ids.current(changelogs)
        earliest = await self.beginning_offsets(ids or changelogs)
        return {tp: ChangelogStart(ids.get(tp, ""), offset) for tp, offset in earliest.items()}

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
            log.warning("cannot determine whether records of %s were lost: %s", tp.topic, error)
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
