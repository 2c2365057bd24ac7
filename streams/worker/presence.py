"""Report to the roll-up leader that this worker has joined the group, and that it leaves in order."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types.transports import ProducerT

from streams.rollup.protocol import Presence

log = logging.getLogger(__name__)

#: Time for the last message, seconds: the stop must end within 15 s.
_LAST_SECONDS: Final = 3.0

_encode = msgspec.msgpack.Encoder().encode


class PresenceReporter:
    """Sends the presences of one worker.

    Args:
        producer: returns Faust's producer, which exists once the app has started.
        topic: the topic of the partial results.
    """

    def __init__(self, producer: Callable[[], ProducerT], topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self._worker = uuid.uuid4().hex[:8]
        self._generation = -1
        self._leaves = False

    async def report(self, generation: int) -> None:
        """Report that the worker is a member of the group, once in each generation, unless it leaves.

        Raises:
            KafkaError: Kafka does not answer.
        """
        if generation != self._generation and not self._leaves:
            await self._send(Presence(self._worker, generation))
            self._generation = generation

    async def report_leaving(self) -> None:
        """Report that the worker leaves in order. Without Kafka, the worker counts as gone."""
        self._leaves = True
        if self._generation < 0:
            return
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                await self._send(Presence(self._worker, self._generation, leaves=True))
        except (KafkaError, ProducerSendError, TimeoutError) as error:
            log.warning("could not report that this worker leaves in order: %r", error)

    async def _send(self, presence: Presence) -> None:
        await self._producer().send_and_wait(self._topic, None, _encode(presence), 0, None, None)
