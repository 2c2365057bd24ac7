"""Run a single partition without Kafka: its messages to partitions are delivered back to it.

For tests, and for commands that compute metrics from files.
"""

from models.aggregation.aggregates import PartialAggregate
from models.facts.fact import REGISTRY_ADDRESS
from models.partition.partition import Partition


def deliver_all(partition: Partition) -> None:
    """Deliver pending messages, and those that they cause, until none are left.

    It is enough to call this after all facts have been processed, see `Partition.drain_messages`.
    """
    while messages := partition.drain_messages():
        for to, fact in messages:
            partition.process_one(REGISTRY_ADDRESS if to is None else to, fact)


def build_aggregates(partition: Partition, now: int) -> None:
    """Build the aggregates of a partition in bootstrap mode, at `now` (microseconds since the epoch)."""
    partition.advance(now)
    deliver_all(partition)
    for _ in partition.build_aggregates():
        pass


def evaluate(partition: Partition, now: int) -> PartialAggregate:
    """Return the aggregates at `now` (microseconds since the epoch), after all messages were delivered."""
    partition.advance(now)
    deliver_all(partition)
    return partition.evaluate(now)
