"""A partition that is alone: what it says to partitions, it says to itself.

For tests, and for what computes numbers without Kafka.
"""

from models.aggregation.aggregates import PartialAggregate
from models.facts.fact import REGISTRY_ADDRESS
from models.partition.partition import Partition


def deliver_all(partition: Partition) -> None:
    """Deliver all that has come of the facts that were taken, and what comes of that.

    It may wait until all facts have been taken. See `Partition.drain_messages`.
    """
    while letters := partition.drain_messages():
        for to, fact in letters:
            partition.process_one(REGISTRY_ADDRESS if to is None else to, fact)


def build_aggregates(partition: Partition, now: int) -> None:
    """Add up all that has been absorbed, at `now` (microseconds)."""
    partition.advance(now)
    deliver_all(partition)
    for _ in partition.build_aggregates():
        pass


def evaluate(partition: Partition, now: int) -> PartialAggregate:
    """Give the sums at `now` (microseconds), with all that comes of the facts that were taken."""
    partition.advance(now)
    deliver_all(partition)
    return partition.evaluate(now)
