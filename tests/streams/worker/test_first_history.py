"""A partition without customers is caught up once it has read its first history."""

import pytest
from aiokafka import TopicPartition

from models.definitions.definitions import Definitions
from models.partition.partition import Partition
from streams.worker.first_history import FirstHistory
from streams.worker.source_progress import SourceProgress

ORDERS, FACTS = TopicPartition("orders", 0), TopicPartition("g-facts", 0)


class Reading:
    """A task that was assigned while its inputs were empty."""

    def __init__(self):
        self.rows = {}
        self.progress = SourceProgress({"orders"}, FACTS)
        self.progress.start({ORDERS: 0, FACTS: 0}, {ORDERS: 0, FACTS: 0}, {ORDERS: 0, FACTS: 0})
        self.history = FirstHistory(Partition(Definitions(), self.rows), self.progress)

    def read(self, position):
        """Read and commit records, each of a customer."""
        self.rows |= {f"c-{number}".encode(): b"" for number in range(position)}
        self.progress.advance(ORDERS, position, 1)
        self.progress.committed = dict(self.progress.positions)

    def caught_up(self, end):
        """Return whether the task has read its inputs when they end at an offset."""
        self.history.follow({ORDERS: end})
        return self.progress.inputs_read


@pytest.fixture
def reading():
    return Reading()


def test_empty_partition_of_empty_inputs_is_caught_up(reading):
    assert reading.caught_up(0)
    assert not reading.history.is_over


def test_unread_history_is_not_caught_up_without_customers(reading):
    assert not reading.caught_up(1)


def test_history_that_goes_on_arriving_is_not_caught_up(reading):
    """It is loaded faster than it is read."""
    assert not reading.caught_up(100)
    reading.read(50)
    assert not reading.caught_up(100_000)
    reading.read(100)
    assert not reading.caught_up(200_000)
    assert not reading.history.is_over


def test_history_is_over_once_nearly_all_is_read(reading):
    assert not reading.caught_up(10_000)
    reading.read(10_000)
    assert reading.caught_up(10_000 + 2_000)
    assert reading.history.is_over


def test_read_history_is_caught_up_once_committed(reading):
    assert not reading.caught_up(10)
    reading.rows[b"c-1"] = b""
    reading.progress.advance(ORDERS, 10, 10)
    assert not reading.caught_up(10)
    assert not reading.history.is_over
    reading.read(10)
    assert reading.caught_up(10)


def test_unknown_ends_leave_those_of_the_assignment(reading):
    reading.history.follow({})
    assert reading.progress.inputs_read
