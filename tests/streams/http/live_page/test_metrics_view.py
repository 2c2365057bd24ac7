"""The latest value of every series, read from the metrics topic."""

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


def apply(series, **rows):
    series.apply([Record(key.encode(), value) for key, value in rows.items()])


def test_since_yields_the_changes_after_a_version():
    series = Series()
    apply(series, a=b"1", b=b"2")
    before = series.version
    apply(series, a=b"1", b=b"3")
    assert dict(series.since(before)) == {"b": b"3"}
    assert dict(series.since(0)) == {"a": b"1", "b": b"3"}
    assert list(series.since(series.version)) == []


def test_tombstone_deletes_a_series():
    series = Series()
    apply(series, a=b"1", b=b"2")
    before = series.version
    apply(series, a=None)
    assert dict(series.since(before)) == {"a": None}
    assert dict(series.since(0)) == {"b": b"2"}
    assert series.select() == [b"2"]


def test_series_missing_after_a_replay_is_deleted():
    series = Series()
    apply(series, a=b"1", b=b"2")
    before = series.version
    series.begin_replay()
    apply(series, b=b"2")
    assert series.select() == [b"1", b"2"], "the old values stay until the end"
    series.end_replay()
    assert dict(series.since(before)) == {"a": None}


def test_series_are_selected_by_metric_and_window():
    series = Series()
    keys = ['m{window="7d"}', 'm{set="new",window="30d"}', 'mm{window="7d"}', "n", 'n{other_window="7d"}']
    series.apply([Record(key.encode(), key.encode()) for key in keys])
    assert sorted(series.select()) == sorted(key.encode() for key in keys)
    assert series.select("m") == [b'm{set="new",window="30d"}', b'm{window="7d"}']
    assert series.select(window="7d") == [b'mm{window="7d"}', b'm{window="7d"}'], "by key"
    assert series.select("n", "7d") == []


@asynccontextmanager
async def following(bootstrap, topic) -> AsyncIterator[MetricsView]:
    view = MetricsView({"bootstrap_servers": bootstrap}, topic)
    view.start()
    try:
        yield view
    finally:
        await view.stop()


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


async def test_only_committed_records_are_read(kafka, unique):
    await create(kafka, unique, 2)
    async with producer(kafka, transactional_id=unique) as sender:
        async with sender.transaction():
            await sender.send_and_wait(unique, b"1", b"a", 0)
            await sender.send_and_wait(unique, b"2", b"b", 1)
        async with following(kafka, unique) as view:
            # The markers of a transaction may arrive shortly after the commit.
            await until(lambda: view.complete and view.series.select() == [b"1", b"2"])
            await sender.begin_transaction()
            await sender.send_and_wait(unique, b"never", b"a", 0)
            await sender.abort_transaction()
            async with sender.transaction():
                await sender.send_and_wait(unique, None, b"b", 1)
                await sender.send_and_wait(unique, b"3", b"c", 1)
            await until(lambda: view.series.select() == [b"1", b"3"])


async def test_empty_topic_is_complete_at_once(kafka, unique):
    await create(kafka, unique)
    async with following(kafka, unique) as view:
        await until(lambda: view.complete)
        assert view.series.select() == []


@pytest.mark.kafka
async def test_reading_starts_once_the_broker_is_up(tmp_path, unique):
    with EmbeddedKafka(tmp_path) as broker:
        await create(broker.bootstrap, unique)
        async with following(broker.bootstrap, unique) as view:
            await until(lambda: view.complete)
            await asyncio.to_thread(broker.stop)
            await asyncio.sleep(1)
            await asyncio.to_thread(broker.start)
            async with producer(broker.bootstrap) as sender:
                await sender.send_and_wait(unique, json.dumps({"value": 1}).encode(), b"a", 0)
            await until(lambda: view.series.select() == [b'{"value": 1}'], 60)


async def test_stop_returns_without_any_broker():
    async with asyncio.timeout(5):
        async with following("127.0.0.1:1", "t") as view:
            await asyncio.sleep(0.2)
            assert not view.complete
