"""Producers with different keys, partitioners, partition counts and codecs give the same numbers."""

import asyncio
import time
from dataclasses import replace

import pytest

from tests.support.events import (
    Style,
    anywhere,
    as_java,
    as_librdkafka,
    by_customer,
    by_nothing,
    by_thing,
    duplicated,
    history,
    record,
)

STYLES = [
    Style(by_customer, as_java, "gzip"),
    Style(by_customer, as_librdkafka, "snappy"),
    Style(by_thing, as_java, "lz4"),
    Style(by_thing, as_librdkafka, "zstd"),
    Style(by_nothing, anywhere),
]


@pytest.mark.parametrize(
    "partitions",
    [
        {"orders": 1, "refunds": 3, "tickets": 8, "reviews": 12, "customers": 1},
        {"orders": 12, "refunds": 1, "tickets": 3},
    ],
)
async def test_keys_partitions_and_codecs_change_no_number(deploy, partitions):
    events = history(31, size=3000)
    deployment = deploy()
    await deployment.cluster.create(partitions)
    await deployment.started(2)
    await deployment.cluster.produce(duplicated(events, 31), STYLES)
    await deployment.equal(events)
    for topic, count in partitions.items():
        assert await deployment.cluster.partitions(topic) == count


async def test_records_with_old_timestamps_survive_repartitioning(deploy):
    """Kafka must not delete facts of backfilled records, which are older than the topic's retention."""
    events = history(32, size=500)
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(1)
    sixty_days_ago = int((time.time() - 60 * 86_400) * 1000)
    records = [replace(record(event, Style(by_thing), 4), timestamp=sixty_days_ago) for event in events]
    await cluster.send(records)
    await deployment.equal(events)
    await asyncio.sleep(3)  # the broker checks for expired records every second
    assert set((await cluster.beginnings(f"{deployment.group}-facts")).values()) == {0}
