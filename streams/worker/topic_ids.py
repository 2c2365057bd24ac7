"""The ids of the topics that tasks read, by which a topic that was deleted and created again is noticed."""

from collections.abc import Callable, Iterable, Mapping

from aiokafka import TopicPartition

from streams.faust_engine.transport import BatchConsumer
from streams.kafka.protocol.topic_ids import topic_ids


class TopicIds:
    """The topic id of each partition at the time when a task began to read it.

    A task commits the id with each offset, in the same transaction. So its next owner notices a topic that
    was created again, even if the task was killed before it noticed.

    Args:
        consumer: returns Faust's consumer, which exists once the app has started.
    """

    def __init__(self, consumer: Callable[[], BatchConsumer]) -> None:
        self._get_consumer = consumer
        self._ids: dict[TopicPartition, str] = {}

    def of(self, tp: TopicPartition) -> str:
        """Return the topic id that a partition was first read with; empty if it is unknown."""
        return self._ids.get(tp, "")

    def record(self, ids: Mapping[TopicPartition, str]) -> None:
        """Record the topic ids of partitions that a task begins to read."""
        self._ids.update(ids)

    async def current(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, str]:
        """Return the current topic id of each partition whose topic exists; nothing before Kafka 2.8.

        Raises:
            KafkaError: Kafka does not answer.
        """
        consumer, tps = self._get_consumer(), list(tps)
        try:
            ids = await consumer.call(topic_ids, consumer.kafka, {tp.topic for tp in tps})
        except NotImplementedError:  # Kafka before 2.8 has no topic ids
            return {}
        return {tp: ids[tp.topic] for tp in tps if tp.topic in ids}

    async def changed(self, tps: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Return the partitions whose topic was created again since a task began to read them.

        Args:
            tps: everything that this worker reads. The ids of all other partitions are dropped, because
                another worker may have started the new topic meanwhile.

        Raises:
            KafkaError: Kafka does not answer.
        """
        self._ids = {tp: self._ids[tp] for tp in tps if tp in self._ids}
        current = await self.current(self._ids)
        return {tp for tp, known in self._ids.items() if current.get(tp, known) != known}
