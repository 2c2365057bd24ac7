"""The registration of a group to derived topics without an owner, before it publishes its first metrics."""

import time
from typing import Final

from aiokafka import TopicPartition

from streams.kafka import ownership
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.outbox import Outbox
from streams.partitioner import tasks_of
from streams.worker.context import TaskContext

#: Seconds between two looks whether the registration is in its topic.
_LOOK_SECONDS: Final = 0.2


class TopicRegistration:
    """Registers for the topics in the next transaction of task 0. The first registration decides.

    Args:
        context: the group, its topics and the connection to Kafka.
        outbox: records of the next transaction of task 0.
    """

    def __init__(self, context: TaskContext, outbox: Outbox) -> None:
        self._context = context
        [partition] = tasks_of([ownership.REGISTRATION_KEY], context.partition_counts[context.names.metrics])
        self._tp = TopicPartition(context.names.metrics, partition)
        self._looked_at = time.monotonic()
        outbox.to(*self._tp).append(ownership.registration(context.names.group))

    async def is_first(self) -> bool:
        """Return whether this registration is the first of all existing groups in the topic.

        Raises:
            TopicsOwned: another group has registered for the topics a moment before.
            KafkaError: Kafka does not answer.
        """
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        names, options = self._context.names, self._context.client_options
        found = [record async for records in read_to_end(options, [self._tp]) for record in records]
        rivals = ownership.rivals(found, names.group)
        for rival in rivals or ():
            await ownership.require_gone(options, rival, names)
        return rivals is not None
