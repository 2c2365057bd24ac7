"""Decide which connections may be open, by a limit for each client and a limit for all clients."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from streams.http.connections.limits import PROTECTED_SECONDS, ConnectionLimits


class Admitted(Protocol):
    """A connection that counts.

    Attributes:
        client: address of the client (`streams.http.client_address`).
        opened: monotonic seconds of its start.
    """

    client: str
    opened: float

    def abort(self) -> None:
        """End the connection at once, with everything that is not sent yet."""


_C = TypeVar("_C", bound=Admitted)


class Admission(Generic[_C]):
    """Counts the open connections of each client, and decides about new ones.

    A client at its limit, or the client with the most connections if all together are at the limit, makes
    room: its oldest connection ends. Connections of the last `PROTECTED_SECONDS` do not make room for the
    same client. So idle connections lock a client out for no longer than this.

    Args:
        limits: maximum numbers of connections.
        clock: returns monotonic seconds.
    """

    def __init__(self, limits: ConnectionLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._open: defaultdict[str, dict[_C, None]] = defaultdict(dict)  # oldest first
        self._total = 0

    def __iter__(self) -> Iterator[_C]:
        """Yield the open connections. They may end meanwhile."""
        return iter([connection for connections in self._open.values() for connection in connections])

    def __len__(self) -> int:
        """Return the number of open connections."""
        return self._total

    def describe(self, client: str) -> str:
        """Return the open connections of a client and of all, with their limits."""
        limits = self._limits
        return (
            f"{self._count(client)} of {limits.per_address} connections of its address are open,"
            f" and {self._total} of {limits.total} in all"
        )

    def admit(self, client: str) -> bool:
        """Return whether a client may open another connection. An older one may be ended for it."""
        full = self._full(client)
        if full is None:
            return True
        oldest = next(iter(self._open[full]))
        has_more = self._count(full) > self._count(client) + 1
        if not has_more and self._clock() - oldest.opened < PROTECTED_SECONDS:
            return False
        self.discard(oldest)
        oldest.abort()
        return True

    def _full(self, client: str) -> str | None:
        """Return the client that has to make room, or None."""
        if self._count(client) >= self._limits.per_address:
            return client
        if self._total >= self._limits.total:
            return max(self._open, key=self._count)
        return None

    def _count(self, client: str) -> int:
        return len(self._open[client]) if client in self._open else 0

    def add(self, connection: _C) -> None:
        """Count a connection."""
        self._open[connection.client][connection] = None
        self._total += 1

    def discard(self, connection: _C) -> None:
        """Stop counting a connection, if it counts."""
        if connection not in self._open.get(connection.client, ()):
            return
        del self._open[connection.client][connection]
        self._total -= 1
        if not self._open[connection.client]:
            del self._open[connection.client]
