"""The claim of a group to derived topics without an owner, before it publishes its first metrics."""

import time
from typing import Final

from aiokafka import TopicPartition

from streams.kafka import ownership
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.outbox import Outbox
from streams.partitioner import tasks_of
from streams.worker.context import TaskContext

#: Seconds between two looks whether the claim is in its topic.
_LOOK_SECONDS: Final = 0.2


class TopicClaim:
    """Claims the topics in the next transaction of task 0, and decides by the order of all claims.

    Args:
        context: the group, its topics and the connection to Kafka.
        outbox: records of the next transaction of task 0.
    """

    def __init__(self, context: TaskContext, outbox: Outbox) -> None:
        self._context = context
        [partition] = tasks_of([ownership.CLAIM_KEY], context.partition_counts[context.names.metrics])
        self._tp = TopicPartition(context.names.metrics, partition)
        self._looked_at = time.monotonic()
        outbox.to(*self._tp).append(ownership.claim(context.names.group))

    async def is_first(self) -> bool:
        """Return whether the topic holds this claim before the claims of all other existing groups.

        Raises:
            TopicsOwned: another group has claimed the topics a moment before.
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
