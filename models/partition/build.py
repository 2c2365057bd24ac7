"""Build the aggregates of a partition from its rows, which ends bootstrap mode."""

from collections.abc import Iterator, Sequence
from typing import Final

from models.partition.cross_partition import CrossPartition
from models.partition.customers import PartitionCustomers
from models.partition.metadata import PartitionMetadata

#: Customers whose contributions are buffered before they are added to the tables: they take 10 KB each.
_FLUSH_CUSTOMERS: Final = 5_000


def build(
    customers: PartitionCustomers,
    cross_partition: CrossPartition,
    metadata: PartitionMetadata,
    keys: Sequence[bytes],
) -> Iterator[None]:
    """Build the aggregates, one customer at each step. The partition is live at the end.

    Args:
        customers: the partition's customers.
        cross_partition: notifies other partitions of referrals.
        metadata: holds the clock.
        keys: keys of all customers.
    """
    customers.reset_aggregates()
    resend = metadata.resent_for != metadata.reprocess_id
    pending: list[bytes] = []
    for number, key in enumerate(keys, 1):
        customer = customers.restore(key)
        if customer is not None and cross_partition.has_pending(customer, resend=resend):
            pending.append(key)
        if number % _FLUSH_CUSTOMERS == 0:
            customers.updates.aggregates.flush(metadata.now)
        yield
    customers.go_live()
    # Now, because messages are delivered between these steps, in one transaction with their rows.
    for key in pending:
        cross_partition.notify_referrers(customers.customer(key), resend=resend)
        yield
    metadata.resent_for = metadata.reprocess_id
