"""The objects that all updaters of a partition share."""

from collections.abc import Sequence

from models.customers.aggregator import CustomerAggregator
from models.customers.flow_listener import FlowListener
from models.partition.timers import Timers


class UpdateContext:
    """The clock, the timers and the customer-level aggregator.

    Attributes:
        customers: aggregator of what customers contribute as a whole.
        listeners: sums of flows by another key, such as a segment. Empty unless one is configured.
        now: the partition's clock, microseconds since the epoch.
        timers: event-time timers of entities.
    """

    __slots__ = ("customers", "listeners", "now", "timers")

    def __init__(
        self, customers: CustomerAggregator, now: int, listeners: Sequence[FlowListener] = ()
    ) -> None:
        self.customers = customers
        self.listeners = tuple(listeners)
        self.now = now
        self.timers = Timers()
