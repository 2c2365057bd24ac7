"""The objects that all updaters of a partition share."""

from models.customers.aggregator import CustomerAggregator
from models.partition.timers import Timers


class UpdateContext:
    """The clock, the timers and the customer-level aggregator.

    Attributes:
        customers: aggregator of what customers contribute as a whole.
        now: the partition's clock, microseconds since the epoch.
        timers: event-time timers of entities.
    """

    __slots__ = ("customers", "now", "timers")

    def __init__(self, customers: CustomerAggregator, now: int) -> None:
        self.customers = customers
        self.now = now
        self.timers = Timers()
