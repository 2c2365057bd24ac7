"""Build a task's aggregates from its restored history, in the background of the task's other work."""

import asyncio
from collections.abc import Callable

from models.aggregation.aggregates import PartialAggregate
from models.partition.partition import Partition

#: The evaluation that starts the build waits this long for its end.
_WAIT_SECONDS = 0.1
#: Customers processed before other coroutines get a turn: about 10 ms.
_CHUNK = 100


class AggregateBuild:
    """Evaluates a partition, and builds its aggregates when its history has been read.

    Args:
        partition: the partition.
        state: lock that is held while the partition is changed across an await.
        deliver: delivers the partition's messages to partitions.
    """

    def __init__(self, partition: Partition, state: asyncio.Lock, deliver: Callable[[], None]) -> None:
        self._partition = partition
        self._state = state
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    @property
    def has_started(self) -> bool:
        """Whether the build has started or ended."""
        return self._partition.is_live or self._task is not None

    @property
    def is_running(self) -> bool:
        """Whether the build is under way."""
        return self._task is not None and not self._task.done()

    def cancel(self) -> None:
        """Cancel the build. `evaluate` returns None from then on."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    async def evaluate(self, now: int, *, start: bool) -> PartialAggregate | None:
        """Return the aggregates at `now`; None while they are not built.

        Args:
            now: instant of the evaluation, microseconds since the epoch. The partition's clock advances to
                it.
            start: start the build if it has not started. It may take minutes, and goes on in the background.
        """
        if not self.has_started:
            self._partition.advance(now)
            if start:
                self._task = asyncio.create_task(self._build())
                await asyncio.wait([self._task], timeout=_WAIT_SECONDS)
        if self._task is not None and self._task.done():
            if self._cancelled:
                return None
            self._task.result()
            self._task = None
        if not self._partition.is_live:
            return None
        async with self._state:
            self._partition.advance(now)
            self._deliver()
            return self._partition.evaluate(now)

    async def _build(self) -> None:
        async with self._state:
            for number, _ in enumerate(self._partition.build_aggregates()):
                if number % _CHUNK == 0:
                    if self._partition.is_live:
                        self._deliver()
                    await asyncio.sleep(0)
            self._deliver()
