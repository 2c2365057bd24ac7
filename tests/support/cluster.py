"""A test's Kafka: create topics, produce and read records with clients independent of the project."""

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from tests.support.events import Event, Record, Style, record, topic_of

INPUTS = ("orders", "refunds", "tickets", "reviews", "customers")


class Pace:
    """A pace for producing: a pause after every few records. After its end, records follow without pauses."""

    EVERY = 25

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = asyncio.Event()

    def end(self) -> None:
        self._over.set()

    async def keep(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._seconds)


class Cluster:
    """One broker or several, with topics that only this test uses."""

    def __init__(self, broker: Any) -> None:
        self.broker = broker

    @property
    def bootstrap(self) -> str:
        return self.broker.bootstrap

    def _admin(self) -> AIOKafkaAdminClient:
        return AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)

    async def wipe(self) -> None:
        """Delete every topic except Kafka's internal ones."""
        topics = [topic for topic in await self.topics() if not topic.startswith("__")]
        await self.delete(*topics)

    async def topics(self) -> list[str]:
        async with _Closing(self._admin()) as admin:
            return list(await admin.list_topics())

    async def create(self, topics: Mapping[str, int], config: Mapping[str, str] | None = None) -> None:
        """Create topics with the given partition counts."""
        async with _Closing(self._admin()) as admin:
            response = await admin.create_topics(
                [NewTopic(name, count, 1, topic_configs=dict(config or {})) for name, count in topics.items()]
            )
            assert not any(code for _, code, *_ in response.topic_errors), response

    async def delete(self, *topics: str) -> None:
        """Delete topics, and wait until they are gone."""
        async with _Closing(self._admin()) as admin:
            if topics:
                await admin.delete_topics(list(topics))
            while set(topics) & set(await admin.list_topics()):  # noqa: ASYNC110 - Kafka sends no event
                await asyncio.sleep(0.05)

    async def partitions(self, topic: str) -> int:
        async with _Closing(self._admin()) as admin:
            [described] = await admin.describe_topics([topic])
            return len(described["partitions"])

    async def _described(self) -> list[dict[str, Any]]:
        """Return the description of each partition of every topic."""
        async with _Closing(self._admin()) as admin:
            return [
                {"topic": topic["topic"], **partition}
                for topic in await admin.describe_topics()
                for partition in topic["partitions"]
            ]

    async def replicas(self) -> set[int]:
        """Return the replica counts of the partitions."""
        return {len(partition["replicas"]) for partition in await self._described()}

    async def leader(self, topic: str, number: int) -> int:
        """Return the broker that leads a partition."""
        [leader] = [
            partition["leader"]
            for partition in await self._described()
            if (partition["topic"], partition["partition"]) == (topic, number)
        ]
        return int(leader)

    async def in_sync(self, count: int) -> None:
        """Wait until all partitions have `count` replicas in sync."""
        async with asyncio.timeout(60):
            while {len(partition["isr"]) for partition in await self._described()} != {count}:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def truncate(self, *tps: TopicPartition, before: int | None = None) -> None:
        """Delete the records before an offset, or all records, as a topic's retention does."""
        ends = await self.ends(tps)
        async with _Closing(self._admin()) as admin:
            await admin.delete_records(
                {tp: RecordsToDelete(ends[tp] if before is None else min(before, ends[tp])) for tp in tps}
            )

    async def ends(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the end offsets."""
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap) as consumer:
            return dict(await consumer.end_offsets(list(tps)))

    async def ends_of(self, topic: str) -> dict[int, int]:
        """Return partition -> end offset."""
        tps = [TopicPartition(topic, number) for number in range(await self.partitions(topic))]
        return {tp.partition: offset for tp, offset in (await self.ends(tps)).items()}

    async def beginnings(self, topic: str) -> dict[int, int]:
        """Return partition -> earliest offset."""
        tps = [TopicPartition(topic, number) for number in range(await self.partitions(topic))]
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap) as consumer:
            return {tp.partition: offset for tp, offset in (await consumer.beginning_offsets(tps)).items()}

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """Return the committed offsets of a group."""
        async with _Closing(self._admin()) as admin:
            offsets = await admin.list_consumer_group_offsets(group)
            return {tp: meta.offset for tp, meta in offsets.items()}

    async def send(
        self, records: Iterable[Record], *, codec: str | None = None, pace: Pace | None = None
    ) -> None:
        """Produce records, all at once or spread over time by a pace."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            compression_type=codec,
            max_request_size=16 << 20,
            linger_ms=5,
            enable_idempotence=True,
        )
        async with producer:
            sent = []
            for number, one in enumerate(records):
                sent.append(await _send(producer, one))
                if pace and number % Pace.EVERY == 0:
                    await pace.keep()
            await asyncio.gather(*sent)

    async def produce(
        self, events: Sequence[Event], styles: Sequence[Style] = (Style(),), *, pace: Pace | None = None
    ) -> None:
        """Produce each event with one of the producers. The topics must exist."""
        rng = random.Random(len(events))
        counts = dict(zip(INPUTS, await asyncio.gather(*map(self.partitions, INPUTS)), strict=True))
        by_style: defaultdict[int, list[Record]] = defaultdict(list)
        for event in events:
            chosen = rng.randrange(len(styles))
            made = record(event, styles[chosen], counts[topic_of(event)])
            by_style[chosen].append(made)
        await asyncio.gather(
            *(
                self.send(records, codec=styles[chosen].codec, pace=pace)
                for chosen, records in by_style.items()
            )
        )

    async def read(self, topic: str) -> list[ConsumerRecord]:
        """Return all committed records of a topic."""
        found: list[ConsumerRecord] = []
        tps = [TopicPartition(topic, number) for number in range(await self.partitions(topic))]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            isolation_level="read_committed",
            max_partition_fetch_bytes=16 << 20,
            fetch_max_wait_ms=50,
        )
        async with consumer:
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            async with asyncio.timeout(30):
                while [tp for tp in tps if await consumer.position(tp) < ends[tp]]:
                    for records in (await consumer.getmany(timeout_ms=100, max_records=5000)).values():
                        found += records
        return found


def count_by_origin(records: Iterable[ConsumerRecord]) -> Counter[tuple[str, str, str]]:
    """Return (topic, partition, offset) of the original record -> number of dead letters."""
    return Counter(
        tuple(
            dict(record.headers)[f"retention.error.{name}"].decode()
            for name in ("topic", "partition", "offset")
        )
        for record in records
    )


async def _send(producer: AIOKafkaProducer, one: Record) -> asyncio.Future[object]:
    if one.value is None:  # aiokafka sends a record without key and value only in an explicit batch
        batch = producer.create_batch()
        batch.append(key=one.key, value=None, timestamp=one.timestamp, headers=list(one.headers))
        return await producer.send_batch(batch, one.topic, partition=one.partition)
    return await producer.send(
        one.topic,
        one.value,
        one.key,
        partition=one.partition,
        timestamp_ms=one.timestamp,
        headers=list(one.headers),
    )


class _Closing:
    """Start an admin client, and close it."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def __aenter__(self) -> AIOKafkaAdminClient:
        await self._admin.start()
        return self._admin

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()
