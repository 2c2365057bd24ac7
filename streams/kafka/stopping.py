"""Stop clients of aiokafka, whatever state they are in.

While the broker is away, `stop` of aiokafka may wait for ever, and it may raise the `CancelledError` of one
of its own tasks. That would end the task that calls it, without any message.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, Protocol

log = logging.getLogger(__name__)

_SECONDS: Final = 10.0


class Stoppable(Protocol):
    """A client that has been started, or not."""

    def stop(self) -> Coroutine[Any, Any, None]:
        """Close the connections."""


async def stop(client: Stoppable, seconds: float = _SECONDS) -> None:
    """Stop a client. Errors are only logged, because the client is no longer needed.

    Args:
        client: consumer or producer.
        seconds: time that it has to stop. After it, the caller goes on.
    """
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait([stopping], timeout=seconds)
    if not stopping.done():
        log.warning("a client of Kafka did not stop within %.0f s", seconds)
        stopping.cancel()
    elif not stopping.cancelled() and (error := stopping.exception()):
        log.warning("a client of Kafka did not stop cleanly: %s: %s", type(error).__name__, error)
