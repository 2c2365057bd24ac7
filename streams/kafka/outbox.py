"""Records that go out in a task's next transaction, gathered as whole Kafka record batches."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation
from aiokafka.producer.message_accumulator import BatchBuilder

Headers = list[tuple[str, bytes]]


class Outgoing(NamedTuple):
    """One record to be produced."""

    key: bytes | None
    value: bytes | None
    timestamp: int | None = None  #: milliseconds; None: when it is sent
    headers: Headers = []  # noqa: RUF012 - aiokafka takes nothing but a list


class Outbox:
    """Records by destination, in the order in which they were put."""

    def __init__(self) -> None:
        self._records: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)

    def __bool__(self) -> bool:
        """Whether anything has been put since it was last emptied."""
        return bool(self._records)

    def __len__(self) -> int:
        """How many records wait."""
        return sum(map(len, self._records.values()))

    def to(self, topic: str, partition: int) -> list[Outgoing]:
        """The list that takes what goes to one partition."""
        return self._records[topic, partition]

    def take(self) -> dict[tuple[str, int], list[Outgoing]]:
        """Everything put so far; the box is empty again."""
        taken, self._records = self._records, defaultdict(list)
        return taken


async def send(
    producer: AIOKafkaProducer, records: Iterable[tuple[tuple[str, int], Sequence[Outgoing]]]
) -> None:
    """Produce `records` in bulk, and wait until the broker has them all.

    A produce call a record would cost 20 us; a record appended to a batch costs 1 us.

    Raises:
        KafkaError: one could not be sent; `ProducerFenced` where another producer has the transaction.
    """
    pending: list[asyncio.Future[object]] = []
    try:
        for (topic, partition), outgoing in records:
            for builder in _batches(producer, outgoing):
                builder.close()
                pending.append(await producer.send_batch(builder, topic, partition=partition))
    except IllegalOperation:
        # The transaction has ended meanwhile: of what was sent before, something says why, as a Kafka error.
        await asyncio.gather(*pending)
        raise
    except BaseException:
        asyncio.gather(*pending, return_exceptions=True)  # looked at, or asyncio complains of each
        raise
    await asyncio.gather(*pending)


def _batches(producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> Iterator[BatchBuilder]:
    if not records:
        return
    builder = producer.create_batch()
    for key, value, timestamp, headers in records:
        if builder.append(timestamp=timestamp, key=key, value=value, headers=headers) is None:
            yield builder
            builder = producer.create_batch()
            builder.append(timestamp=timestamp, key=key, value=value, headers=headers)
    yield builder
