"""A task's sums: absorbed history is added up once, bit by bit, while the task answers on."""

import asyncio
from collections.abc import Callable

from models.aggregation.aggregates import PartialAggregate
from models.partition.partition import Partition

#: The answer to the tick with which adding up begins waits so long for it.
_COUNTING_SECONDS = 0.1
#: Customers added up before other coroutines get a turn: about 10 ms.
_COUNTED_AT_ONCE = 100


class AggregateBuild:
    """Evaluates a partition, and has it add up what it has absorbed.

    Args:
        partition: the customers.
        state: held by who changes the customers over an await.
        deliver: takes what the partition says to partitions.
    """

    def __init__(self, partition: Partition, state: asyncio.Lock, deliver: Callable[[], None]) -> None:
        self._partition = partition
        self._state = state
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def begun(self) -> bool:
        """Whether adding up has begun, or is done."""
        return self._partition.is_live or self._task is not None

    @property
    def under_way(self) -> bool:
        """Whether it is being added up."""
        return self._task is not None and not self._task.done()

    def close(self) -> None:
        """Leave it at that."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    async def evaluate(self, now: int, *, begin: bool) -> PartialAggregate | None:
        """Give the sums at `now` (microseconds); None as long as not everything is added up.

        Args:
            now: the partition's clock goes on to it.
            begin: let adding up begin. It may take long, and goes on while other answers are given.
        """
        if not self.begun:
            self._partition.advance(now)
            if begin:
                self._task = asyncio.create_task(self._count())
                await asyncio.wait([self._task], timeout=_COUNTING_SECONDS)
        if self._task is not None and self._task.done():
            if self._closed:
                return None  # with what it added up
            self._task.result()
            self._task = None
        if not self._partition.is_live:
            return None
        async with self._state:
            self._partition.advance(now)
            self._deliver()
            return self._partition.evaluate(now)

    async def _count(self) -> None:
        async with self._state:
            for number, _ in enumerate(self._partition.build_aggregates()):
                if number % _COUNTED_AT_ONCE == 0:
                    if self._partition.is_live:
                        self._deliver()
                    await asyncio.sleep(0)
            self._deliver()
