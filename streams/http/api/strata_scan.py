"""The scan of one task for the strata of an explanation, in short steps."""

import time
from heapq import nsmallest

from msgspec import Struct

from models.definitions.definitions import Definitions
from models.metrics.explained import hash_behind
from models.partition.partition import Partition
from models.query.movement import Published, instants_of
from models.query.movement_parameters import StrataQuery
from models.query.strata import SPANS, StrataCounter, StrataCounts
from streams.http.api.scan import PAGE_SECONDS

#: Customers that are counted before other coroutines run: 2 to 5 ms.
_BATCH = 25
#: Customers of a task whose ids are sorted at a time: 5 ms for a task of 30,000.
_SORTED_AHEAD = 2000


class StrataPage(Struct, frozen=True):
    """The counts of some customers of one task.

    Attributes:
        counts: their counts.
        after: id of the last of them. None at the end of the task.
        published: in the first task, the value that was published on the day of the earlier instant.
    """

    counts: StrataCounts
    after: str | None
    published: Published | None = None


class StrataScan:
    """Counts the customers of one task after a position, as many as `PAGE_SECONDS` allows.

    Args:
        query: the ratio, its strata, the instants and the position.
        series: key of the ratio's series, to look its published value up. None: the query has it, or not.
        definitions: the shop's definitions.
        partition: the customers of the task.

    Attributes:
        partition: the customers of the task.
    """

    def __init__(
        self, query: StrataQuery, series: str | None, definitions: Definitions, partition: Partition
    ) -> None:
        self.partition = partition
        self._published = None if series is None else _published(partition, query, series, definitions)
        published_at = query.published_at if self._published is None else self._published.at
        self._counter = StrataCounter(definitions, query, instants_of(query, query.at, published_at))
        self._done = query.after
        self._keys: list[bytes] = []
        self._counted = False
        self._until = time.monotonic() + PAGE_SECONDS

    def step(self) -> StrataPage | None:
        """Count the next batch of customers. Return the page once it is complete, else None."""
        self._keys = self._keys or self._next_keys()
        if not self._keys:
            return self._page(None)
        # A page has at least one batch, or a slow worker would return the same position for ever.
        if self._counted and time.monotonic() > self._until:
            return self._page(self._done)
        for key in self._keys[:_BATCH]:
            self._counter.add(key, self.partition.fact_log(key))
        self._done, self._counted = self._keys[:_BATCH][-1].decode(), True
        self._keys = self._keys[_BATCH:]
        return None

    def _next_keys(self) -> list[bytes]:
        done = self._done.encode()
        return nsmallest(_SORTED_AHEAD, [key for key in self.partition.customer_keys() if key > done])

    def _page(self, after: str | None) -> StrataPage:
        return StrataPage(self._counter.counts, after, self._published)


def _published(
    partition: Partition, query: StrataQuery, series: str, definitions: Definitions
) -> Published | None:
    """Return the value that was published on the day of the earlier instant, by the present definitions."""
    day = partition.published.of_day(query.at - SPANS[query.against])
    if day is None or series not in day.ratios:
        return None
    present = hash_behind(query.metric, definitions)
    if day.definitions.get(query.metric, present) != present:
        return None
    ratio = day.ratios[series]
    return Published(day.at, ratio.numerator, ratio.denominator)
