"""The build of a task's aggregates: its start, and the evaluations before and after it."""

import asyncio

import pytest

from models.definitions.definitions import Definitions
from models.partition.partition import Partition
from streams.worker import aggregate_build
from streams.worker.aggregate_build import AggregateBuild
from tests.support.partitions import HOUR, NOW, Shop


class Deliveries:
    """Counts the deliveries of messages."""

    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1


@pytest.fixture
def partition():
    """Return a partition in bootstrap mode, whose rows hold an order."""
    shop = Shop()
    shop.order("o1", NOW - HOUR)
    restored = Partition(Definitions(), dict(shop.rows))
    restored.resume(NOW)
    return restored


@pytest.fixture
def build(partition):
    return AggregateBuild(partition, asyncio.Lock(), Deliveries())


async def test_evaluation_before_the_build_only_advances_the_clock(build, partition):
    assert await build.evaluate(NOW + HOUR, start=False) is None
    assert partition.now == NOW + HOUR
    assert not build.has_started


async def test_started_build_returns_the_aggregates(build, partition):
    partial = await build.evaluate(NOW, start=True)
    assert partition.is_live
    assert build.has_started
    assert not build.is_running
    shown = {name: values for name, values in partial.sums.items() if any(values)}
    live = Shop(rows={})
    live.order("o1", NOW - HOUR)
    assert shown == {k: v for k, v in live.partition.evaluate(NOW).sums.items() if any(v)}


async def test_evaluation_does_not_wait_for_a_long_build(build, monkeypatch):
    monkeypatch.setattr(aggregate_build, "_WAIT_SECONDS", 0.0)
    async with build._state:
        assert await build.evaluate(NOW, start=True) is None
        assert build.is_running
        assert await build.evaluate(NOW, start=True) is None
    await asyncio.wait([build._task])
    assert await build.evaluate(NOW, start=True) is not None


async def test_cancelled_build_returns_no_aggregates(build, partition, monkeypatch):
    monkeypatch.setattr(aggregate_build, "_WAIT_SECONDS", 0.0)
    async with build._state:
        await build.evaluate(NOW, start=True)
        build.cancel()
        await asyncio.wait([build._task])
    assert await build.evaluate(NOW, start=True) is None
    assert not partition.is_live


async def test_error_of_the_build_is_raised(build, partition, monkeypatch):
    def broken():
        yield
        raise ValueError("broken row")

    monkeypatch.setattr(partition, "build_aggregates", broken)
    with pytest.raises(ValueError, match="broken row"):
        await build.evaluate(NOW, start=True)


async def test_messages_are_delivered_with_each_evaluation(build):
    await build.evaluate(NOW, start=True)
    delivered = build._deliver.count
    assert delivered >= 1
    await build.evaluate(NOW + HOUR, start=False)
    assert build._deliver.count == delivered + 1
