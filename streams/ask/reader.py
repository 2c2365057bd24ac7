"""Reads the customers of this worker's own tasks, a little at a time: the worker goes on meanwhile."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct

from models.account import Account
from models.ask.questions import Listing
from models.customer import Row
from models.partition import Partition
from streams.ask.cursors import Place
from streams.ask.listings import List
from streams.ask.refusals import unavailable

#: Customers looked at before other coroutines get a turn: 3 to 5 ms.
_AT_ONCE: Final = 50
#: Ids put in order at once: 5 ms.
_SORTED_AT_ONCE: Final = 20_000
#: A page ends after so long, however few items it holds: who asks for a rare thing asks more often, and
#: nobody waits for a scan of all customers.
PAGE_SECONDS: Final = 1.0


class OwnTask(Protocol):
    """A task of this worker."""

    partition: Partition
    running: bool

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


class Reader:
    """Reads this worker's tasks.

    Args:
        task: gives a running task by its number.
    """

    def __init__(self, task: Callable[[int], OwnTask | None]) -> None:
        self._task = task
        # Whatever is asked, and however often: scans take turns, and half of the worker's time at most.
        self._turn = asyncio.Lock()

    def owns(self, number: int) -> bool:
        """Whether a task runs here."""
        return self._task(number) is not None

    def partition(self, number: int) -> Partition:
        """Give a task's customers.

        Raises:
            Refusal: 503: it does not run here, or has not read everything yet.
        """
        task = self._task(number)
        if task is None or not task.running:
            raise unavailable(f"task {number} is on its way to another worker")
        if not task.caught_up:
            raise unavailable(
                f"task {number} is still reading what there is: its numbers would be wrong", again=2
            )
        return task.partition

    def account(self, number: int, customer: str) -> tuple[Partition, Account]:
        """Give a customer, decoded apart from those at work.

        Raises:
            Refusal: 503.
        """
        partition = self.partition(number)
        return partition, _account(partition, customer.encode())

    async def part(self, asked: List, question: Listing, place: Place, limit: int) -> Part:
        """Give a task's items from a place on, as many as there is time for.

        Raises:
            Refusal: 503, also when the task leaves meanwhile.
        """
        async with self._turn:
            return await self._part(asked, question, place, limit)

    async def _part(self, asked: List, question: Listing, place: Place, limit: int) -> Part:
        until = time.monotonic() + PAGE_SECONDS
        partition = self.partition(place.task)
        keys = await _in_order(partition, place)
        items: list[Struct] = []
        done = place
        while chunk := list(islice(keys, _AT_ONCE)):
            if self.partition(place.task) is not partition:
                raise unavailable(f"task {place.task} was restored anew")
            for key in chunk:
                after = place.thing if key == place.customer.encode() else None
                for thing, item in self._found(asked, question, partition, key, after):
                    if len(items) == limit:
                        return Part(items, partition.now, done)
                    items.append(item)
                    done = Place(place.task, key.decode(), thing)
                done = Place(place.task, key.decode())
            if len(chunk) < _AT_ONCE:
                break
            if len(items) == limit or time.monotonic() > until:
                return Part(items, partition.now, done)
            await asyncio.sleep(0)
        return Part(items, partition.now, None)

    def _found(
        self, asked: List, question: Listing, partition: Partition, key: bytes, after: str | None
    ) -> Iterator[tuple[str, Any]]:
        for thing, item in asked.find(_account(partition, key), question, partition.now):
            if after is None or thing > after:
                yield thing, item


def _account(partition: Partition, key: bytes) -> Account:
    return Account(key, Row(partition.facts(key)[0]))


async def _in_order(partition: Partition, place: Place) -> Iterator[bytes]:
    """Give the customers' ids from a place on, ascending."""
    keys = partition.customers()
    first = place.customer.encode()
    runs = []
    for start in range(0, len(keys), _SORTED_AT_ONCE):
        run = sorted(keys[start : start + _SORTED_AT_ONCE])
        at = bisect_left(run, first)
        if place.thing is None and run[at : at + 1] == [first]:
            at += 1  # all of theirs was given
        runs.append(run[at:])
        await asyncio.sleep(0)
    return merge(*runs)
