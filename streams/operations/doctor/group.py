"""Check the group: its workers, its lag, and the dead letters that were not redriven."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.config.load import Settings
from streams.ingest import input_topics
from streams.ingest.clock_jumps import describe_jump
from streams.ingest.mapping_changes import RESET_ADVICE, changed_inputs, describe_changed
from streams.kafka import acls, admin
from streams.kafka.offsets import OffsetRange, offset_ranges
from streams.kafka.stopping import stop
from streams.kafka.topics import Names, partition_counts
from streams.mapping import mappings
from streams.operations import dead_letters
from streams.operations.doctor import segments
from streams.operations.doctor.finding import Finding
from streams.rollup import beyond_limits
from streams.rollup.protocol import Tick

_MAX_COUNTED: Final = 1000
_TICK_MS: Final = 2000
#: Seconds that a transaction must be open to be named. Usual ones take milliseconds.
_OPEN_SECONDS: Final = 2.0
_JUMP_ADVICE: Final = (
    "if the time of this record is wrong, correct its producer and remove the record,"
    " then start again with `retention reset`: the clock does not go back"
)


async def findings(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Yield findings about the workers, their committed offsets and the dead letters.

    Args:
        client: connection to Kafka.
        settings: the group and the inputs.
    """
    state, members = await admin.group_members(client, settings.group)
    yield _workers(settings.group, state, members)
    existing = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
    counts = await partition_counts(
        client, [*input_topics.resolved(settings, existing), Names(settings.group).facts]
    )
    tps = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    if tps:
        found = await offset_ranges(settings, tps, committed=False)
        node = await admin.coordinator(client, settings.group)
        offsets = await client.list_consumer_group_offsets(settings.group, node)
        committed = {tp: offset.offset for tp, offset in offsets.items() if offset.offset >= 0}
        for finding in _progress(found, committed):
            yield finding
        for finding in _held_up(found, await _open_transactions(settings, found)):
            yield finding
    tick = await _latest_tick(client, settings)
    for finding in _warnings(tick, settings) if tick is not None else ():
        yield finding
    may_read = not await acls.missing(client, acls.dead_letter_reader_acls(settings))
    number = await _count_dead_letters(settings) if may_read else 0
    if number:
        count = f"{number} dead letter{'s' if number > 1 else ''}"
        more = " or more" if number == _MAX_COUNTED else ""
        advice = (
            "list them with `retention dead-letters list`, and send corrected ones with"
            " `retention dead-letters redrive`"
        )
        yield Finding("warn", f"{count}{more} not redriven", advice)


def _warnings(tick: Tick, settings: Settings) -> Iterator[Finding]:
    """Yield the warnings about the state in the latest tick."""
    if tick.clock_jump is not None and settings.clock == "event":
        yield Finding("warn", describe_jump(tick.clock_jump), _JUMP_ADVICE)
    if tick.beyond:
        yield Finding("warn", beyond_limits.describe_beyond(tick.beyond), beyond_limits.ADVICE)
    for uncovered in tick.uncovered:
        yield segments.finding(uncovered)
    compiled = mappings.build(settings)
    current = {
        topic: compiled.digest_of(one) for topic, one in settings.inputs.resolve(tick.mappings).items()
    }
    if changed := changed_inputs(tick.mappings, current):
        yield Finding("warn", describe_changed(changed), RESET_ADVICE)


async def _latest_tick(client: AIOKafkaAdminClient, settings: Settings) -> Tick | None:
    """Return the latest tick of the group; None without a recent one, or without the right to read it."""
    ticks = TopicPartition(Names(settings.group).ticks, 0)
    if not await partition_counts(client, [ticks.topic]) or await acls.missing(
        client, acls.reader_acls([ticks.topic])
    ):
        return None
    consumer = AIOKafkaConsumer(**settings.client_options(), enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([ticks])
        [end] = (await consumer.end_offsets([ticks])).values()
        [begin] = (await consumer.beginning_offsets([ticks])).values()
        consumer.seek(ticks, max(begin, end - 1))
        found = await consumer.getmany(ticks, timeout_ms=_TICK_MS if end > begin else 0)
    finally:
        await stop(consumer)
    latest = [record.value for records in found.values() for record in records][-1:]
    return msgspec.msgpack.decode(latest[0], type=Tick) if latest else None


async def _count_dead_letters(settings: Settings) -> int:
    """Return the number of dead letters that were not redriven, up to a maximum.

    They are read, because a difference of offsets also counts transaction markers.
    """
    count = 0
    async with aclosing(dead_letters.read(settings)) as found:
        async for dead_letter in found:
            count += not dead_letter.redriven
            if count == _MAX_COUNTED:
                break
    return count


def _workers(group: str, state: str, members: list[str]) -> Finding:
    if not members:
        return Finding("warn", f"no worker of group {group} is running", "start one with `retention worker`")
    hosts = ", ".join(sorted(set(members)))
    what = f"{len(members)} worker{'s' if len(members) > 1 else ''} of group {group} on {hosts}: {state}"
    if state != "Stable":
        return Finding("warn", what, "the tasks are being assigned; run the doctor again in a few seconds")
    return Finding("ok", what)


async def _open_transactions(
    settings: Settings, found: Mapping[TopicPartition, OffsetRange]
) -> dict[TopicPartition, int]:
    """Return the offset of the first open transaction of each partition that has one for seconds."""
    tps = list(found)
    first = await offset_ranges(settings, tps)
    if all(first[tp].end >= found[tp].end for tp in tps):
        return {}
    await asyncio.sleep(_OPEN_SECONDS)
    later = await offset_ranges(settings, tps)
    return {tp: later[tp].end for tp in tps if first[tp].end == later[tp].end < found[tp].end}


def _held_up(
    found: Mapping[TopicPartition, OffsetRange], opened: Mapping[TopicPartition, int]
) -> Iterator[Finding]:
    """Yield the partitions of which workers read nothing before an open transaction ends.

    Args:
        found: offsets of the partitions, with the records that are not committed.
        opened: partition -> offset of its first open transaction.
    """
    for tp, offset in opened.items():
        number = found[tp].end - offset
        yield Finding(
            "warn",
            f"a transaction of a producer is open at offset {offset:,} of partition {tp.partition} of"
            f" {tp.topic}, and holds up {number:,} record{'s' if number > 1 else ''}",
            "its producer ends it, or Kafka does after its timeout; if it stays,"
            " `kafka-transactions.sh find-hanging` names it and `abort` ends it",
        )


def _progress(
    found: Mapping[TopicPartition, OffsetRange], committed: Mapping[TopicPartition, int]
) -> Iterator[Finding]:
    """Yield the lag and the lost records of each topic.

    Args:
        found: offsets of the partitions of the inputs and the repartition topic.
        committed: committed offsets; a partition without one counts from its beginning.
    """
    behind: defaultdict[str, int] = defaultdict(int)
    lost: defaultdict[str, int] = defaultdict(int)
    for tp, (start, end) in found.items():
        position = committed.get(tp, start)
        behind[tp.topic] += max(0, end - max(position, start))
        lost[tp.topic] += max(0, start - position)
    unread = ", ".join(f"{count:,} of {topic}" for topic, count in behind.items() if count)
    yield Finding("ok", f"not read yet: {unread}" if unread else "all records are read")
    for topic, count in lost.items():
        if count:
            yield Finding(
                "fail",
                f"{count:,} records of {topic} were deleted by its retention before they were read",
                "increase the topic's retention; `retention load` can send the lost events again",
            )
