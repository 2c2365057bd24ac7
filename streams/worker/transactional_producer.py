"""Transactions of a task: one at a time, by a producer that fences the task's former owner."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.kafka.stopping import stop

#: A transaction that has not ended by then is cancelled when its task is closed.
_CLOSE_SECONDS = 5.0


class TransactionalProducer:
    """A transactional producer that runs one transaction at a time.

    Args:
        client_options: connection options for aiokafka's clients.
        transactional_id: id of the task, the same for every owner of it.
    """

    def __init__(self, client_options: Mapping[str, Any], transactional_id: str) -> None:
        self._options = client_options
        self._id = transactional_id
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()
        self._transaction: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Initialise the transactional id: fence the former owner and abort its open transaction.

        Raises:
            KafkaError: Kafka does not answer, or refuses.
        """
        self._producer = AIOKafkaProducer(
            **self._options,
            transactional_id=self._id,
            # Long enough for a broker to restart. Short enough that an open transaction of a killed worker
            # ends soon even if no other worker takes its tasks over.
            transaction_timeout_ms=60_000,
            max_batch_size=1 << 20,
            max_request_size=32 << 20,
            # aiokafka uses lz4 at its slowest level. zstd is smaller, at a third of the cost.
            compression_type="zstd",
        )
        await self._producer.start()

    async def run(
        self,
        due: Callable[[], bool],
        transact: Callable[[AIOKafkaProducer], Coroutine[Any, Any, None]],
    ) -> None:
        """Run one transaction after the last one has ended. Do nothing if it is not due then, or closed.

        Args:
            due: whether there is something to commit.
            transact: runs the transaction with the producer.

        Raises:
            ProducerFenced: the task has another owner.
            KafkaError: the transaction failed.
        """
        async with self._lock:
            if self._transaction is not None:
                await asyncio.wait([self._transaction])
            if self._producer is None or not due():
                return
            # A task of its own goes on when the caller is cancelled: the records that it took are nowhere
            # else.
            self._transaction = asyncio.create_task(transact(self._producer))
            await asyncio.wait([self._transaction])
            if not self._transaction.cancelled():
                self._transaction.result()

    async def close(self) -> None:
        """Run no more transactions, and stop the producer.

        A transaction under way may end first. Without its producer it would wait for ever.
        """
        producer, self._producer = self._producer, None
        if self._transaction is not None:
            await asyncio.wait([self._transaction], timeout=_CLOSE_SECONDS)
        if producer is not None:
            await stop(producer)
        if self._transaction is not None:
            self._transaction.cancel()
