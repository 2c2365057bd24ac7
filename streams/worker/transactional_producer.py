"""A task's transactions: one at a time, by a producer that fences whoever had the task before."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

#: A transaction that has not ended by then is given up when its task is closed.
_CLOSE_SECONDS = 5.0


class TransactionalProducer:
    """A transactional producer, and the transaction that is under way.

    Args:
        client_options: how aiokafka's clients reach the broker.
        transactional_id: the task's, whoever owns it.
    """

    def __init__(self, client_options: Mapping[str, Any], transactional_id: str) -> None:
        self._options = client_options
        self._id = transactional_id
        self._producer: AIOKafkaProducer | None = None
        self._turn = asyncio.Lock()
        self._transaction: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Initialise the transactional id: whoever had it is fenced, what they left open is aborted.

        Raises:
            KafkaError: Kafka does not answer, or refuses.
        """
        self._producer = AIOKafkaProducer(
            **self._options,
            transactional_id=self._id,
            # Long enough for a broker to restart, short enough that what a killed worker left open ends soon
            # even if nobody takes its tasks over.
            transaction_timeout_ms=60_000,
            max_batch_size=1 << 20,
            max_request_size=32 << 20,
            # aiokafka has lz4 at its slowest level: this is smaller, at a third of the cost.
            compression_type="zstd",
        )
        await self._producer.start()

    async def run(
        self,
        due: Callable[[], bool],
        transact: Callable[[AIOKafkaProducer], Coroutine[Any, Any, None]],
    ) -> None:
        """Make one transaction, once the last one has ended, if it is due then; none when closed.

        Raises:
            ProducerFenced: the task has another owner by now.
            KafkaError: the transaction failed.
        """
        async with self._turn:
            if self._transaction is not None:
                await asyncio.wait([self._transaction])
            if self._producer is None or not due():
                return
            # Apart, so that it goes on if whoever waits for it is cancelled: what it takes is nowhere else.
            self._transaction = asyncio.create_task(transact(self._producer))
            await asyncio.wait([self._transaction])
            if not self._transaction.cancelled():
                self._transaction.result()

    async def close(self) -> None:
        """Make no more. One under way may end first: without its producer it would wait for ever."""
        producer, self._producer = self._producer, None
        if self._transaction is not None:
            await asyncio.wait([self._transaction], timeout=_CLOSE_SECONDS)
        if producer is not None:
            await producer.stop()
        if self._transaction is not None:
            self._transaction.cancel()
