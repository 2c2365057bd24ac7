import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.http.live_page.metrics_view import MetricsView, Series
from streams.local.kafka import EmbeddedKafka
from tests.support.kafka_calls import create, producer


class Record:
    def __init__(self, key, value):
        self.key, self.value = key, value


def taken(series, **rows):
    series.take([Record(key.encode(), value) for key, value in rows.items()])


def test_only_what_changed_since():
    series = Series()
    taken(series, a=b"1", b=b"2")
    before = series.version
    taken(series, a=b"1", b=b"3")
    assert dict(series.since(before)) == {"b": b"3"}
    assert dict(series.since(0)) == {"a": b"1", "b": b"3"}
    assert list(series.since(series.version)) == []


def test_a_tombstone_is_a_change_and_then_nothing():
    series = Series()
    taken(series, a=b"1", b=b"2")
    before = series.version
    taken(series, a=None)
    assert dict(series.since(before)) == {"a": None}
    assert dict(series.since(0)) == {"b": b"2"}
    assert series.chosen() == [b"2"]


def test_series_missing_after_a_new_read_has_ceased():
    series = Series()
    taken(series, a=b"1", b=b"2")
    before = series.version
    series.begin()
    taken(series, b=b"2")
    assert series.chosen() == [b"1", b"2"], "until the end is reached, the last values stay"
    series.end()
    assert dict(series.since(before)) == {"a": None}


def test_chosen_by_metric_and_window():
    series = Series()
    keys = ['m{window="7d"}', 'm{set="new",window="30d"}', 'mm{window="7d"}', "n", 'n{other_window="7d"}']
    series.take([Record(key.encode(), key.encode()) for key in keys])
    assert sorted(series.chosen()) == sorted(key.encode() for key in keys)
    assert series.chosen("m") == [b'm{set="new",window="30d"}', b'm{window="7d"}']
    assert series.chosen(window="7d") == [b'mm{window="7d"}', b'm{window="7d"}'], "by key"
    assert series.chosen("n", "7d") == []


@asynccontextmanager
async def following(bootstrap, topic) -> AsyncIterator[MetricsView]:
    follower = MetricsView({"bootstrap_servers": bootstrap}, topic)
    follower.start()
    try:
        yield follower
    finally:
        await follower.stop()


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


async def test_follows_what_is_committed_and_only_that(kafka, unique):
    await create(kafka, unique, 2)
    async with producer(kafka, transactional_id=unique) as sender:
        async with sender.transaction():
            await sender.send_and_wait(unique, b"1", b"a", 0)
            await sender.send_and_wait(unique, b"2", b"b", 1)
        async with following(kafka, unique) as follower:
            # A transaction's markers may come a moment after its end was acknowledged.
            await until(lambda: follower.complete and follower.series.chosen() == [b"1", b"2"])
            await sender.begin_transaction()
            await sender.send_and_wait(unique, b"never", b"a", 0)
            await sender.abort_transaction()
            async with sender.transaction():
                await sender.send_and_wait(unique, None, b"b", 1)
                await sender.send_and_wait(unique, b"3", b"c", 1)
            await until(lambda: follower.series.chosen() == [b"1", b"3"])


async def test_an_empty_topic_is_complete(kafka, unique):
    await create(kafka, unique)
    async with following(kafka, unique) as follower:
        await until(lambda: follower.complete)
        assert follower.series.chosen() == []


@pytest.mark.kafka
async def test_a_broker_that_is_away_is_waited_for(tmp_path, unique):
    with EmbeddedKafka(tmp_path) as broker:
        await create(broker.bootstrap, unique)
        async with following(broker.bootstrap, unique) as follower:
            await until(lambda: follower.complete)
            await asyncio.to_thread(broker.stop)
            await asyncio.sleep(1)
            await asyncio.to_thread(broker.start)
            async with producer(broker.bootstrap) as sender:
                await sender.send_and_wait(unique, json.dumps({"value": 1}).encode(), b"a", 0)
            await until(lambda: follower.series.chosen() == [b'{"value": 1}'], 60)


async def test_stops_at_once_where_no_broker_ever_answered():
    async with asyncio.timeout(5):
        async with following("127.0.0.1:1", "t") as follower:
            await asyncio.sleep(0.2)
            assert not follower.complete
