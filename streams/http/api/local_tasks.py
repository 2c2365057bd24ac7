"""Reads the customers of this worker's own tasks, a little at a time: the worker goes on meanwhile."""

import asyncio
import time
from collections.abc import Callable, Iterator
from heapq import nsmallest
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct

from models.customers.customer import Customer
from models.partition.partition import Partition
from models.query.parameters import Listing
from streams.http.api.cursors import Place
from streams.http.api.endpoints import Endpoint
from streams.http.api.problem_errors import unavailable

#: Customers looked at before other coroutines get a turn: 3 to 5 ms.
_AT_ONCE: Final = 50
#: Customers whose ids are put in order at once, of all of a task's: 5 ms of 30,000.
_AHEAD: Final = 2000
#: A page ends after so long, however few items it holds: who asks for a rare thing asks more often, and
#: nobody waits for a scan of all customers.
PAGE_SECONDS: Final = 1.0


class OwnTask(Protocol):
    """A task of this worker."""

    @property
    def partition(self) -> Partition:
        """The state of its customers."""

    @property
    def running(self) -> bool:
        """Whether it processes records."""

    @property
    def caught_up(self) -> bool:
        """Whether it has read all there was."""


class Part(NamedTuple):
    """What a task adds to a page.

    Attributes:
        items: found.
        as_of: the clock that they hold for, microseconds.
        next: where to go on; None: the task has been read.
    """

    items: list[Struct]
    as_of: int
    next: Place | None


class LocalTasks:
    """Reads this worker's tasks.

    Args:
        task: gives a running task by its number.
    """

    def __init__(self, task: Callable[[int], OwnTask | None]) -> None:
        self._task = task
        # Whatever is asked, and however often: scans take turns, and half of the worker's time at most.
        self._yield_control = asyncio.Lock()

    def owns(self, number: int) -> bool:
        """Whether a task runs here."""
        return self._task(number) is not None

    def partition(self, number: int) -> Partition:
        """Return a task's customers.

        Raises:
            Refusal: 503: it does not run here, or has not read everything yet.
        """
        task = self._task(number)
        if task is None or not task.running:
            raise unavailable(f"task {number} is on its way to another worker")
        if not task.caught_up:
            raise unavailable(
                f"task {number} is not sure of its numbers: it still reads what there is,"
                " or waits for workers of another release or configuration",
                again=2,
            )
        return task.partition

    def customer(self, number: int, customer: str) -> tuple[Partition, Customer]:
        """Return a customer, decoded apart from the cached ones.

        Raises:
            Refusal: 503.
        """
        partition = self.partition(number)
        return partition, partition.customer(customer.encode())

    async def part(self, asked: Endpoint, question: Listing, place: Place, limit: int) -> Part:
        """Return a task's items from a cursor on, as many as there is time for.

        Raises:
            Refusal: 503, also when the task leaves meanwhile.
        """
        async with self._yield_control:
            return await self._part(asked, question, place, limit)

    async def _part(self, asked: Endpoint, question: Listing, place: Place, limit: int) -> Part:
        until = time.monotonic() + PAGE_SECONDS
        partition = self.partition(place.task)
        items: list[Struct] = []
        done = place
        while keys := _next(partition, done.customer.encode(), again=done.thing is not None):
            for start in range(0, len(keys), _AT_ONCE):
                if done is not place and (len(items) == limit or time.monotonic() > until):
                    return Part(items, partition.now, done)
                if self.partition(place.task) is not partition:
                    raise unavailable(f"task {place.task} was restored anew")
                for key in keys[start : start + _AT_ONCE]:
                    after = place.thing if key == place.customer.encode() else None
                    for thing, item in self._found(asked, question, partition, key, after):
                        if len(items) == limit:
                            return Part(items, partition.now, done)
                        items.append(item)
                        done = Place(place.task, key.decode(), thing)
                    done = Place(place.task, key.decode())
                await asyncio.sleep(0)
        return Part(items, partition.now, None)

    def _found(
        self, asked: Endpoint, question: Listing, partition: Partition, key: bytes, after: str | None
    ) -> Iterator[tuple[str, Any]]:
        for thing, item in asked.find(partition.customer(key), question, partition.now):
            if after is None or thing > after:
                yield thing, item


def _next(partition: Partition, last: bytes, *, again: bool) -> list[bytes]:
    """Return the ids of the next customers, ascending; `again`: beginning with the last one."""
    keys = partition.customer_keys()
    return nsmallest(_AHEAD, [key for key in keys if key > last or (again and key == last)])
