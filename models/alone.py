"""A partition that is alone: what it says to partitions, it says to itself.

For tests, and for what computes numbers without Kafka.
"""

from models.aggregates import Partial
from models.facts import REGISTRY, Fact, encode
from models.partition import Partition


def take(partition: Partition, customer: str, fact: Fact, now: int) -> None:
    """Take a fact: counted at `now` (microseconds), or absorbed where nothing is counted yet."""
    if partition.counting:
        partition.apply(customer, fact, now)
    else:
        partition.take([(customer.encode(), fact, encode(fact))])


def settle(partition: Partition, now: int) -> None:
    """Deliver all that has come of the facts that were taken, and what comes of that.

    It may wait until all facts have been taken. See `Partition.take_outgoing`.
    """
    while letters := partition.take_outgoing():
        for to, fact in letters:
            take(partition, REGISTRY if to is None else to, fact, now)


def count(partition: Partition, now: int) -> None:
    """Add up all that has been absorbed, at `now` (microseconds)."""
    partition.advance(now)
    settle(partition, now)
    for _ in partition.count():
        pass


def evaluate(partition: Partition, now: int) -> Partial:
    """Give the sums at `now` (microseconds), with all that comes of the facts that were taken."""
    partition.advance(now)
    settle(partition, now)
    return partition.evaluate(now)
