"""Samples of a topic's records, read without a group and without side effects."""

import difflib
from collections.abc import Mapping
from itertools import chain, zip_longest

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import acls, admin
from streams.kafka.acls import AclRequirement
from streams.kafka.aiokafka_patches.lenient_headers import install_lenient_headers
from streams.kafka.topics import partition_counts

_TIMEOUT_MS = 500


async def read(settings: Settings, topic: str, count: int, *, from_earliest: bool) -> list[ConsumerRecord]:
    """Return up to `count` records, spread evenly over all partitions, in round-robin order.

    Args:
        settings: connection to Kafka.
        topic: name of the topic.
        count: largest number of records.
        from_earliest: whether to read the first records instead of the last.

    Raises:
        RetentionError: the topic does not exist, or Kafka does not allow reading it.
    """
    async with admin.connect(settings) as client:
        await acls.require(client, [AclRequirement("topic", topic, ("READ",))])
        there = [one["topic"] for one in await client.describe_topics() if one["error_code"] == 0]
        partitions = (await partition_counts(client, [topic])).get(topic)
    if partitions is None:
        close = difflib.get_close_matches(topic, there, n=1)
        raise RetentionError(f"there is no topic {topic}", f"did you mean {close[0]}?" if close else "")
    each, more = divmod(count, partitions)
    shares = {TopicPartition(topic, number): each + (number < more) for number in range(partitions)}
    wanted = {tp: share for tp, share in shares.items() if share}
    try:
        return await _read(settings, wanted, from_earliest=from_earliest)
    except UnicodeDecodeError:
        install_lenient_headers()
        return await _read(settings, wanted, from_earliest=from_earliest)


async def _read(
    settings: Settings, wanted: Mapping[TopicPartition, int], *, from_earliest: bool
) -> list[ConsumerRecord]:
    async with AIOKafkaConsumer(
        **settings.client_options(), enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        return await _read_with(consumer, wanted, from_earliest=from_earliest)


async def _read_with(
    consumer: AIOKafkaConsumer, wanted: Mapping[TopicPartition, int], *, from_earliest: bool
) -> list[ConsumerRecord]:
    """Return the wanted number of records of each partition, or those before its current end."""
    consumer.assign(list(wanted))
    starts, ends = await consumer.beginning_offsets(list(wanted)), await consumer.end_offsets(list(wanted))
    for tp, share in wanted.items():
        consumer.seek(tp, starts[tp] if from_earliest else max(starts[tp], ends[tp] - share))
    taken: dict[TopicPartition, list[ConsumerRecord]] = {tp: [] for tp in wanted}
    while reading := [
        tp for tp in wanted if len(taken[tp]) < wanted[tp] and await consumer.position(tp) < ends[tp]
    ]:
        for tp, records in (await consumer.getmany(*reading, timeout_ms=_TIMEOUT_MS)).items():
            taken[tp] += [record for record in records if record.offset < ends[tp]]
    in_turn = zip_longest(*(taken[tp][:share] for tp, share in wanted.items()))
    return [record for record in chain.from_iterable(in_turn) if record is not None]
