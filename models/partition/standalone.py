"""A partition that is alone: what it says to partitions, it says to itself.

For tests, and for what computes numbers without Kafka.
"""

from models.aggregation.aggregates import Partial
from models.facts.fact import REGISTRY
from models.partition.partition import Partition


def settle(partition: Partition) -> None:
    """Deliver all that has come of the facts that were taken, and what comes of that.

    It may wait until all facts have been taken. See `Partition.take_outgoing`.
    """
    while letters := partition.take_outgoing():
        for to, fact in letters:
            partition.take_one(REGISTRY if to is None else to, fact)


def count(partition: Partition, now: int) -> None:
    """Add up all that has been absorbed, at `now` (microseconds)."""
    partition.advance(now)
    settle(partition)
    for _ in partition.count():
        pass


def evaluate(partition: Partition, now: int) -> Partial:
    """Give the sums at `now` (microseconds), with all that comes of the facts that were taken."""
    partition.advance(now)
    settle(partition)
    return partition.evaluate(now)
