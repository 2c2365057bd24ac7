"""The number of workers that a group should have."""

import pytest

from models.definitions.definitions import Definitions
from models.partition.partition import Partition
from streams.rollup.protocol import Presence
from streams.rollup.worker_register import GONE_SECONDS, KNOWN_SECONDS, WorkerRegister


class Group:
    """The register of a roll-up leader, and a clock set by hand."""

    def __init__(self):
        self.at = 1_700_000_000.0
        self.partition = Partition(Definitions(), {})
        self.change_leader()

    def change_leader(self):
        self.register = WorkerRegister(self.partition, lambda: self.at)

    def join(self, generation, *workers):
        for worker in workers:
            self.register.record(Presence(worker, generation))

    def leave(self, worker, generation=1):
        self.register.record(Presence(worker, generation, leaves=True))

    @property
    def expected(self):
        return self.register.expected


@pytest.fixture
def group():
    group = Group()
    group.join(1, "a", "b", "c")
    return group


def test_workers_that_joined_are_expected(group):
    assert group.expected == 3


def test_worker_that_leaves_in_order_is_not_expected(group):
    group.leave("b")
    group.join(2, "a", "c")
    assert group.expected == 2


def test_worker_that_left_does_not_count_beside_later_ones():
    group = Group()
    group.join(1, "a")
    group.leave("a")
    group.join(1, "b")
    assert group.expected == 1


def test_worker_that_crashes_is_expected(group):
    group.join(2, "a", "c")
    assert group.expected == 3


def test_successor_of_a_crashed_worker_takes_its_place(group):
    group.join(2, "a", "c")
    group.join(3, "a", "c", "d")
    assert group.expected == 3


def test_added_worker_is_expected(group):
    group.join(2, "a", "b", "c", "d")
    assert group.expected == 4


def test_rolling_restart_expects_as_many_workers(group):
    group.leave("a")
    group.join(2, "b", "c")
    group.join(3, "b", "c", "a2")
    assert group.expected == 3


def test_worker_that_leaves_in_a_rebalance_is_not_counted_again(group):
    """Two workers leave at once: the first rebalance still counts the second one."""
    group.leave("b")
    group.join(2, "a")
    group.leave("c")
    group.join(3, "a")
    assert group.expected == 1


def test_presence_of_an_earlier_generation_does_not_count(group):
    group.leave("b")
    group.join(2, "a")
    group.join(1, "d")
    group.join(2, "c", "e")
    assert group.expected == 3


def test_next_leader_counts_what_the_former_did_not_commit(group):
    """The former leader crashes: its successor has the count and the offsets of its last transaction."""
    group.join(2, "a", "b")
    committed = group.partition.metadata.workers
    group.join(2, "c", "d")
    group.partition.metadata.workers = committed
    group.change_leader()
    group.join(2, "c", "d")
    group.join(3, "b", "c", "d")
    assert group.expected == 4


def test_repeated_presence_counts_once(group):
    group.join(1, "a", "a")
    assert group.expected == 3


def test_next_leader_expects_as_many_workers(group):
    group.change_leader()
    group.leave("a")
    group.join(2, "b", "c")
    assert group.expected == 2


def test_count_from_before_a_long_stop_of_all_is_unknown(group):
    """The messages of the workers that left last are removed from their topic meanwhile."""
    group.at += KNOWN_SECONDS + 1
    group.change_leader()
    assert group.expected == 0
    group.join(7, "a")
    assert group.expected == 1


def test_count_stays_known_while_the_leader_runs(group):
    for _ in range(10):
        group.at += KNOWN_SECONDS / 2
        group.register.follow_clock()
    group.change_leader()
    assert group.expected == 3


def test_gone_worker_is_expected_for_days_only(group):
    group.join(2, "a", "c")
    group.register.follow_clock()
    group.at += GONE_SECONDS - 1
    group.register.follow_clock()
    assert group.expected == 3
    group.at += 2
    group.register.follow_clock()
    assert group.expected == 2


def test_days_begin_when_the_worker_is_gone(group):
    group.at += 2 * GONE_SECONDS
    group.register.follow_clock()
    group.join(2, "a", "c")
    group.register.follow_clock()
    assert group.expected == 3
