"""The group: who works, how far behind, and what was refused."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.config.load import Settings
from streams.ingest import input_topics
from streams.kafka import acls, admin
from streams.kafka.topics import Names, partition_counts
from streams.operations import dead_letters
from streams.operations.doctor.finding import Finding

_COUNTED_AT_MOST: Final = 1000

Offsets = Mapping[TopicPartition, int]


async def findings(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Check the workers and what they have read."""
    state, members = await admin.group_members(client, settings.group)
    yield _workers(settings.group, state, members)
    there = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
    counts = await partition_counts(
        client, [*input_topics.resolved(settings, there), Names(settings.group).facts]
    )
    tps = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    if tps:
        earliest, ends = await _bounds(settings, tps)
        node = await admin.coordinator(client, settings.group)
        offsets = await client.list_consumer_group_offsets(settings.group, node)
        committed = {tp: offset.offset for tp, offset in offsets.items() if offset.offset >= 0}
        for finding in _progress(tps, committed, earliest, ends):
            yield finding
    may_read = not await acls.missing(client, acls.dead_letter_reader_acls())
    refused = await _count_dead_letters(settings) if may_read else 0
    if refused:
        count = f"{refused} dead letter{'s' if refused > 1 else ''}"
        more = " or more" if refused == _COUNTED_AT_MOST else ""
        advice = "look at them with `retention dead-letters list`, put them back with `redrive`"
        yield Finding("warn", f"{count}{more} not put back", advice)


async def _count_dead_letters(settings: Settings) -> int:
    """Count those that were not put back yet; a few are as telling as all.

    By reading, because offsets count the ends of transactions too.
    """
    count = 0
    async with aclosing(dead_letters.read(settings)) as letters:
        async for letter in letters:
            count += not letter.put_back
            if count == _COUNTED_AT_MOST:
                break
    return count


def _workers(group: str, state: str, members: list[str]) -> Finding:
    if not members:
        return Finding("warn", f"no worker of group {group} is running", "start one with `retention worker`")
    hosts = ", ".join(sorted(set(members)))
    what = f"{len(members)} worker{'s' if len(members) > 1 else ''} of group {group} on {hosts}: {state}"
    if state != "Stable":
        return Finding("warn", what, "they are sharing out the tasks: look again in a few seconds")
    return Finding("ok", what)


async def _bounds(settings: Settings, tps: list[TopicPartition]) -> tuple[Offsets, Offsets]:
    consumer = AIOKafkaConsumer(**settings.client_options(), enable_auto_commit=False)
    await consumer.start()
    try:
        return await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    finally:
        await consumer.stop()


def _progress(
    tps: list[TopicPartition], committed: Offsets, earliest: Offsets, ends: Offsets
) -> Iterator[Finding]:
    """Compare what was read with what there is; a partition nobody has read counts from its beginning."""
    behind: defaultdict[str, int] = defaultdict(int)
    lost: defaultdict[str, int] = defaultdict(int)
    for tp in tps:
        position = committed.get(tp, earliest[tp])
        behind[tp.topic] += max(0, ends[tp] - max(position, earliest[tp]))
        lost[tp.topic] += max(0, earliest[tp] - position)
    unread = ", ".join(f"{count:,} of {topic}" for topic, count in behind.items() if count)
    yield Finding("ok", f"not read yet: {unread}" if unread else "everything has been read")
    for topic, count in lost.items():
        if count:
            yield Finding(
                "fail",
                f"{count:,} records of {topic} were removed by its retention before they were read",
                "keep the topic for longer; what is lost can be put back with `retention load`",
            )
