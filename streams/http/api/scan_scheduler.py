"""Schedules scans: clients alternate, and the scans of one client wait for each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class ScanScheduler:
    """Distributes the time for scans over the clients.

    One batch runs between two rounds of the event loop, whatever the number of scans: queries use at most
    half of the worker's time. Each client has one scan under way, so a client with many requests gets no
    more batches than a client with one.
    """

    def __init__(self) -> None:
        self._batch = asyncio.Lock()
        self._clients: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def scan(self, client: str) -> AsyncIterator[None]:
        """Wait until no other scan of the client is under way.

        Args:
            client: address of the client (`streams.http.client_address`).
        """
        lock = self._clients.get(client)
        if lock is None:
            lock = self._clients[client] = asyncio.Lock()
        async with lock:
            yield

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[None]:
        """Wait for the turn of a batch, in the order of arrival. Other coroutines run after the batch."""
        async with self._batch:
            yield
            await asyncio.sleep(0)
