"""The partition of a key, as Kafka's default partitioner computes it."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import example, given
from hypothesis import strategies as st

from streams.partitioner import tasks_of


def kafkas(key, count):
    """Return the partition that aiokafka's and Java's producers choose for a key."""
    partitions = list(range(count))
    return DefaultPartitioner()(key, partitions, partitions)


@given(keys=st.lists(st.binary(max_size=300), max_size=30), count=st.integers(1, 1024))
@example(keys=[b"", b"a", b"ab", b"abc", b"abcd", b"abcde"], count=7)  # each length of a tail
@example(keys=[b"\xff" * 4, b"\xff" * 3], count=1000)  # words that overflow
def test_tasks_equal_those_of_kafkas_default_partitioner(keys, count):
    assert tasks_of(keys, count) == [kafkas(key, count) for key in keys]


def test_long_key_changes_no_other_task():
    expected = tasks_of([b"customer-1"], 8)
    assert tasks_of([b"x" * 500, b"customer-1", b""], 8)[1:2] == expected


def test_empty_key_list_has_no_tasks():
    assert tasks_of([], 8) == []


def test_tasks_are_plain_integers():
    assert {type(task) for count in (1, 8) for task in tasks_of([b"a", b"b"], count)} == {int}
