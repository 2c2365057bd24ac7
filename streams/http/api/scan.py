"""The scan of one task for the items of a page, in short steps."""

import time
from collections.abc import Iterator
from heapq import nsmallest
from typing import Any, Final, NamedTuple

from msgspec import Struct

from models.partition.partition import Partition
from models.query.parameters import Query
from streams.http.api.cursors import ListCursor
from streams.http.api.endpoints import Find

#: Customers that are scanned before other coroutines run: 3 to 5 ms.
_BATCH: Final = 50
#: Customers of a task whose ids are sorted at a time: 5 ms for a task of 30,000.
_SORTED_AHEAD: Final = 2000
#: Longest scan for one page, seconds. A client that looks for rare items requests more pages, and no client
#: waits for a scan of all customers.
PAGE_SECONDS: Final = 1.0


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


class Scan:
    """Finds the items of one task from a position on, as many as `PAGE_SECONDS` allows.

    Args:
        find: finds the items of a customer.
        query: the parameters that select them.
        cursor: the position.
        limit: maximum number of items.
        partition: the customers of the task.

    Attributes:
        partition: the customers of the task.
    """

    def __init__(
        self, find: Find, query: Query, cursor: ListCursor, limit: int, partition: Partition
    ) -> None:
        self.partition = partition
        self._find = find
        self._query = query
        self._begin = self._done = cursor
        self._limit = limit
        self._until = time.monotonic() + PAGE_SECONDS
        self._items: list[Struct] = []
        self._keys: list[bytes] = []

    def step(self) -> TaskPage | None:
        """Scan the next batch of customers. Return the page once it is complete, else None."""
        self._keys = self._keys or _next_keys(self.partition, self._done)
        if not self._keys:
            return self._page(None)
        # A page has at least one batch, or a slow worker would return the same cursor for ever.
        if self._done is not self._begin and self._is_complete():
            return self._page(self._done)
        for key in self._keys[:_BATCH]:
            if not self._add_items(key):
                return self._page(self._done)
        self._keys = self._keys[_BATCH:]
        return None

    def _is_complete(self) -> bool:
        return len(self._items) == self._limit or time.monotonic() > self._until

    def _page(self, following: ListCursor | None) -> TaskPage:
        return TaskPage(self._items, self.partition.now, following)

    def _add_items(self, key: bytes) -> bool:
        """Add the items of a customer. Return False if the page has no room for all of them."""
        for item_id, item in self._items_of(key):
            if len(self._items) == self._limit:
                return False
            self._items.append(item)
            self._done = ListCursor(self._begin.task, key.decode(), item_id)
        self._done = ListCursor(self._begin.task, key.decode())
        return True

    def _items_of(self, key: bytes) -> Iterator[tuple[str, Any]]:
        """Yield the items of a customer. The first customer's items before the cursor are left out."""
        after = self._begin.item if key == self._begin.customer.encode() else None
        for item_id, item in self._find(self.partition.customer(key), self._query, self.partition.now):
            if after is None or item_id > after:
                yield item_id, item


def _next_keys(partition: Partition, done: ListCursor) -> list[bytes]:
    """Return the ids of the next customers, ascending. The last one is among them if it has items left."""
    last, inclusive = done.customer.encode(), done.item is not None
    keys = partition.customer_keys()
    return nsmallest(_SORTED_AHEAD, [key for key in keys if key > last or (inclusive and key == last)])
