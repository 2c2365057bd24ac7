"""The consumer's side of a task: where its sources begin and end, where it reads on, when it is paused."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types.tuples import TP

from streams.faust_engine.transport import BatchConsumer
from streams.kafka.aiokafka_patches.consumer_internals import log_end_offsets
from streams.kafka.topic_ids import topic_ids
from streams.monitoring.worker_counters import WorkerCounters

log = logging.getLogger(__name__)


class SourceOffsets:
    """Positions in the topics that a worker's tasks read, by way of the group's one consumer."""

    def __init__(
        self, consumer: Callable[[], BatchConsumer], inputs: Collection[str], operational: WorkerCounters
    ) -> None:
        self._of_app = consumer  # it is made when the app starts
        self._inputs = inputs
        self._operational = operational
        self._lost_to: dict[TopicPartition, int] = {}  # what was counted: a rewind meets the same gap again
        self._ids: dict[TopicPartition, str] = {}  # of the topics that positions were given in

    @property
    def _consumer(self) -> BatchConsumer:
        return self._of_app()

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """End offsets as of now, with what transactions have not ended yet."""
        return await self._consumer.call(log_end_offsets, self._consumer.kafka, list(tps))

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The earliest offsets that there still are."""
        return dict(await self._consumer.call(self._consumer.kafka.beginning_offsets, list(tps)))

    async def committed(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The group's committed offsets, of those that have one."""
        kafka = self._consumer.kafka
        found = {tp: await self._consumer.call(kafka.committed, tp) for tp in tps}
        return {tp: offset for tp, offset in found.items() if offset is not None}

    async def starting_positions(
        self, tps: Iterable[TopicPartition], *, from_earliest: bool
    ) -> dict[TopicPartition, int]:
        """Where a task begins to read: at the committed offsets, or at the earliest where there are none.

        With `from_earliest`, the inputs are read again from their beginning whatever was committed: the state
        that was made of them is gone. What a topic's own retention has removed is counted and said. An input
        that was deleted and made anew is read from its beginning, too: its id is another than before, or it
        ends before the committed offset.
        """
        tps = list(tps)
        anew = await self._note_ids(tps)
        committed = await self.committed(tps)
        earliest = await self.beginning_offsets(tps)
        ends = await self.end_offsets(tps)
        positions = {}
        for tp in tps:
            position = committed.get(tp, earliest[tp])
            if tp in anew or (position > ends[tp] and tp.topic in self._inputs):
                log.error(
                    "%s partition %d was made anew: it was read up to %d, now ends at %d, and is read from "
                    "its beginning",
                    tp.topic,
                    tp.partition,
                    position,
                    ends[tp],
                )
                self._lost_to.pop(tp, None)
                position = earliest[tp]
            elif from_earliest and tp.topic in self._inputs:
                position = 0
            self._note_lost(tp, position, earliest[tp])
            positions[tp] = max(position, earliest[tp])
        return positions

    async def made_anew(self, tps: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Give the partitions of inputs that are another topic by now than where they were begun to be read.

        `tps` are all that is read here: what another worker reads is not remembered. It may have begun anew.
        """
        tps = list(tps)
        self._ids = {tp: self._ids[tp] for tp in tps if tp in self._ids}
        return self._others(await self._ids_of(tps))

    async def _note_ids(self, tps: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Remember in which topics `tps` are read from now on; give those that were read in others."""
        tps = list(tps)
        ids = await self._ids_of(tps)
        others = self._others(ids) & set(tps)
        self._ids.update({tp: ids[tp.topic] for tp in tps if tp.topic in ids})
        return others

    async def _ids_of(self, tps: Iterable[TopicPartition]) -> dict[str, str]:
        try:
            names = {tp.topic for tp in tps} & set(self._inputs)
            return await self._consumer.call(topic_ids, self._consumer.kafka, names)
        except NotImplementedError:  # a Kafka before 2.8, whose topics have none
            return {}

    def _others(self, ids: Mapping[str, str]) -> set[TopicPartition]:
        return {tp for tp, known in self._ids.items() if ids.get(tp.topic, known) != known}

    async def check_lost(self, tp: TopicPartition, position: int, found: int) -> None:
        """Say so where retention has overtaken a reader: it went on at `found`, not at its `position`."""
        try:
            earliest = (await self.beginning_offsets([tp]))[tp]
        except KafkaError as error:
            log.warning("whether records of %s were lost cannot be told: %s", tp.topic, error)
            return
        self._note_lost(tp, position, min(earliest, found))

    async def seek(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`."""
        await self._consumer.seek_all(positions)

    def resume(self, tps: Iterable[TopicPartition]) -> None:
        """Fetch from these partitions."""
        self._consumer.resume_partitions({TP(tp.topic, tp.partition) for tp in tps})

    def pause(self, tps: Iterable[TopicPartition]) -> None:
        """Fetch no more from these partitions."""
        self._consumer.pause_partitions({TP(tp.topic, tp.partition) for tp in tps})

    def rejoin(self) -> None:
        """Join the group anew: what this worker believes to own, another one has."""
        self._consumer.rejoin()

    def _note_lost(self, tp: TopicPartition, position: int, earliest: int) -> None:
        """Count and say what was removed between `position` and `earliest`: each record once.

        Of ticks and partials nobody misses any: they are questions and answers of a moment.
        """
        position = max(position, self._lost_to.get(tp, 0))
        if position >= earliest or not (tp.topic in self._inputs or tp.topic.endswith("-facts")):
            return
        self._lost_to[tp] = earliest
        count = earliest - position
        self._operational.lost(tp, count)
        log.error(
            "%d records of %s partition %d were removed by the topic's own retention before they were read: "
            "the numbers do not hold them",
            count,
            tp.topic,
            tp.partition,
        )
