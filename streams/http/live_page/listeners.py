"""The browsers that listen to the event stream, each with the events that wait for it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from streams.http.connections.admission import Admission
from streams.http.connections.limits import ConnectionLimits

#: Browsers that listen at the same time.
MAX_LISTENERS: Final = 100
#: Events that wait for a slow browser. Beyond, it is disconnected, and starts again with a snapshot.
_MAX_QUEUED_EVENTS: Final = 30


class Listener:
    """The events for one browser.

    Args:
        client: address of the browser (`streams.http.client_address`).
        opened: monotonic seconds of its start.

    Attributes:
        client: address of the browser.
        opened: monotonic seconds of its start.
        events: events that wait. None ends the connection.
    """

    def __init__(self, client: str, opened: float) -> None:
        self.client = client
        self.opened = opened
        self.events: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_QUEUED_EVENTS)

    def abort(self) -> None:
        """End the connection, even if all places for events are taken."""
        while self.events.full():
            self.events.get_nowait()
        self.events.put_nowait(None)


class Listeners:
    """Distributes events to the browsers.

    A browser that does not read looks like one that does, until the kernel's buffers are full. So a new
    listener is never refused for long: at the limit, an older one makes room (`Admission`).

    Args:
        limit: maximum number of listeners.
        clock: returns monotonic seconds.
    """

    def __init__(self, limit: int = MAX_LISTENERS, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._admission: Admission[Listener] = Admission(
            ConnectionLimits(total=limit, per_address=limit), clock
        )

    def __len__(self) -> int:
        """Return the number of listeners."""
        return len(self._admission)

    def add(self, client: str) -> Listener | None:
        """Return a new listener of a client; None if there are too many, and none makes room."""
        if not self._admission.admit(client):
            return None
        listener = Listener(client, self._clock())
        self._admission.add(listener)
        return listener

    def discard(self, listener: Listener) -> None:
        """Remove a listener whose connection has ended."""
        self._admission.discard(listener)

    def send(self, event: bytes) -> None:
        """Send an event to all. Those whose events wait for too long are disconnected."""
        for listener in self._admission:
            try:
                listener.events.put_nowait(event)
            except asyncio.QueueFull:
                self._disconnect(listener)

    def disconnect_all(self) -> None:
        """End all connections."""
        for listener in self._admission:
            self._disconnect(listener)

    def _disconnect(self, listener: Listener) -> None:
        self._admission.discard(listener)
        listener.abort()
