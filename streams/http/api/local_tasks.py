"""Queries of this worker's own tasks, in short steps between which the worker processes records."""

import asyncio
import time
from collections.abc import Callable, Iterator
from heapq import nsmallest
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct

from models.customers.customer import Customer
from models.partition.partition import Partition
from models.query.parameters import Listing
from streams.http.api.cursors import ListCursor
from streams.http.api.endpoints import Endpoint
from streams.http.api.problem_errors import unavailable

#: Customers that are scanned before other coroutines run: 3 to 5 ms.
_BATCH: Final = 50
#: Customers of a task whose ids are sorted at a time: 5 ms for a task of 30,000.
_SORTED_AHEAD: Final = 2000
#: Longest scan for one page, seconds. A client that looks for rare items requests more pages, and no client
#: waits for a scan of all customers.
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
        """Whether it has read everything that the topics held at its assignment."""


class TaskPage(NamedTuple):
    """The items of one task on a page.

    Attributes:
        items: items found.
        as_of: `now` of the items, microseconds since the epoch.
        next: position of the next page. None at the end of the task.
    """

    items: list[Struct]
    as_of: int
    next: ListCursor | None


class LocalTasks:
    """Queries the customers of this worker's tasks.

    Args:
        task: returns a running task by its number, or None if it is not assigned to this worker.
    """

    def __init__(self, task: Callable[[int], OwnTask | None]) -> None:
        self._task = task
        # One scan at a time: queries use at most half of the worker's time, whatever their number.
        self._scan_lock = asyncio.Lock()

    def owns(self, number: int) -> bool:
        """Return whether a task runs on this worker."""
        return self._task(number) is not None

    def partition(self, number: int) -> Partition:
        """Return the partition of a task.

        Raises:
            ProblemError: 503: the task does not run here, or has not caught up.
        """
        task = self._task(number)
        if task is None or not task.running:
            raise unavailable(f"task {number} is moving to another worker")
        if not task.caught_up:
            raise unavailable(
                f"task {number} has not caught up: it reads its input,"
                " or waits for workers with another release or configuration",
                retry_after=2,
            )
        return task.partition

    def customer(self, number: int, customer: str) -> tuple[Partition, Customer]:
        """Return a task's partition and one of its customers, decoded outside the cache.

        Raises:
            ProblemError: 503: the task does not run here, or has not caught up.
        """
        partition = self.partition(number)
        return partition, partition.customer(customer.encode())

    async def page(self, endpoint: Endpoint, query: Listing, cursor: ListCursor, limit: int) -> TaskPage:
        """Return a task's items from a position on, as many as `PAGE_SECONDS` allows.

        Args:
            endpoint: the list.
            query: its parameters.
            cursor: the position.
            limit: maximum number of items.

        Raises:
            ProblemError: 503: the task does not run here, or has been revoked during the scan.
        """
        async with self._scan_lock:
            return await self._scan(endpoint, query, cursor, limit)

    async def _scan(self, endpoint: Endpoint, query: Listing, cursor: ListCursor, limit: int) -> TaskPage:
        until = time.monotonic() + PAGE_SECONDS
        partition = self.partition(cursor.task)
        items: list[Struct] = []
        done = cursor
        while keys := _next_keys(partition, done.customer.encode(), inclusive=done.item is not None):
            for start in range(0, len(keys), _BATCH):
                # A page has at least one batch, or a slow worker would return the same cursor for ever.
                if done is not cursor and (len(items) == limit or time.monotonic() > until):
                    return TaskPage(items, partition.now, done)
                if self.partition(cursor.task) is not partition:
                    raise unavailable(f"task {cursor.task} was restored during the scan")
                for key in keys[start : start + _BATCH]:
                    after = cursor.item if key == cursor.customer.encode() else None
                    for item_id, item in _items_after(endpoint, query, partition, key, after):
                        if len(items) == limit:
                            return TaskPage(items, partition.now, done)
                        items.append(item)
                        done = ListCursor(cursor.task, key.decode(), item_id)
                    done = ListCursor(cursor.task, key.decode())
                await asyncio.sleep(0)
        return TaskPage(items, partition.now, None)


def _items_after(
    endpoint: Endpoint, query: Listing, partition: Partition, key: bytes, after: str | None
) -> Iterator[tuple[str, Any]]:
    for item_id, item in endpoint.find(partition.customer(key), query, partition.now):
        if after is None or item_id > after:
            yield item_id, item


def _next_keys(partition: Partition, last: bytes, *, inclusive: bool) -> list[bytes]:
    """Return the ids of the next customers, ascending: after `last`, or from `last` on if `inclusive`."""
    keys = partition.customer_keys()
    return nsmallest(_SORTED_AHEAD, [key for key in keys if key > last or (inclusive and key == last)])
