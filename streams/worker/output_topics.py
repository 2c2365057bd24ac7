"""Detect output topics that were deleted and created again, and publish their values once more.

The metrics and the profiles are last values, and only changed ones are published. A topic that is created
again would lack the unchanged ones.
"""

import logging
from collections.abc import Iterable

from streams.worker.context import TaskContext
from streams.worker.rollup_leader import RollupLeader
from streams.worker.task import Task

log = logging.getLogger(__name__)


async def follow_output_topics(
    context: TaskContext, tasks: Iterable[Task], leader: RollupLeader | None
) -> None:
    """Publish all series and profiles again whose topic has another id than before.

    Args:
        context: names the topics.
        tasks: the tasks of this worker, each of which emits the profiles of its customers.
        leader: the roll-up leader if it is this worker.

    Raises:
        KafkaError: Kafka does not answer.
    """
    metrics, customers = context.names.metrics, context.names.customers
    ids = await context.source_offsets.topic_ids([metrics, customers, context.names.periods])
    if leader is not None:
        leader.follow_topics(ids)
    for task in tasks if customers in ids else ():
        if task.running and task.partition.follow_profile_topic(ids[customers]):
            log.warning("%s was created again; task %d emits all profiles", customers, task.number)
