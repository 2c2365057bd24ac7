"""The browsers that listen to the event stream, each with the events that wait for it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

#: Browsers that listen at the same time.
MAX_LISTENERS: Final = 100
#: Events that wait for a slow browser. Beyond, it is disconnected, and starts again with a snapshot.
_MAX_QUEUED_EVENTS: Final = 30
#: Seconds after which a listener makes room for a new one, if there are too many. A disconnected browser
#: connects again after a second, so this also limits the number of snapshots.
PROTECTED_SECONDS: Final = 30.0

#: The events for one browser. None ends its connection.
Listener = asyncio.Queue[bytes | None]


class Listeners:
    """Distributes events to the browsers.

    A browser that does not read looks like one that does, until the kernel's buffers are full. So a new
    listener is never refused for long: at the limit, it takes the place of the oldest.

    Args:
        clock: returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[Listener, float] = {}  # oldest first

    def __len__(self) -> int:
        """Return the number of listeners."""
        return len(self._since)

    def add(self) -> Listener | None:
        """Return a new listener; None if there are too many, and all are young."""
        if len(self._since) >= MAX_LISTENERS:
            oldest, since = next(iter(self._since.items()))
            if self._clock() - since < PROTECTED_SECONDS:
                return None
            self._disconnect(oldest)
        listener = Listener(_MAX_QUEUED_EVENTS)
        self._since[listener] = self._clock()
        return listener

    def discard(self, listener: Listener) -> None:
        """Remove a listener whose connection has ended."""
        self._since.pop(listener, None)

    def send(self, event: bytes) -> None:
        """Send an event to all. Those whose events wait for too long are disconnected."""
        for listener in tuple(self._since):
            try:
                listener.put_nowait(event)
            except asyncio.QueueFull:
                self._disconnect(listener)

    def disconnect_all(self) -> None:
        """End all connections."""
        for listener in tuple(self._since):
            self._disconnect(listener)

    def _disconnect(self, listener: Listener) -> None:
        del self._since[listener]
        while listener.full():
            listener.get_nowait()
        listener.put_nowait(None)
