"""Queries of this worker's own tasks, in short steps between which the worker processes records."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from models.customers.customer import Customer
from models.partition.partition import Partition
from models.query.parameters import Query
from streams.http.api.cursors import ListCursor
from streams.http.api.endpoints import Find
from streams.http.api.problem_errors import unavailable
from streams.http.api.scan import Scan, TaskPage
from streams.http.api.scan_scheduler import ScanScheduler

_T = TypeVar("_T", covariant=True)  # noqa: PLC0105 - a scan only returns it


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


class Steps(Protocol[_T]):
    """A scan of one task, in steps."""

    @property
    def partition(self) -> Partition:
        """The state of the task's customers."""

    def step(self) -> _T | None:
        """Scan the next batch of customers. Return the result once it is complete, else None."""


class LocalTasks:
    """Queries the customers of this worker's tasks.

    Args:
        task: returns a running task by its number, or None if it is not assigned to this worker.
    """

    def __init__(self, task: Callable[[int], OwnTask | None]) -> None:
        self._task = task
        self._scheduler = ScanScheduler()

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

    async def page(self, find: Find, query: Query, cursor: ListCursor, limit: int, client: str) -> TaskPage:
        """Return a task's items from a position on, as many as `PAGE_SECONDS` allows.

        Args:
            find: finds the items of a customer.
            query: the parameters that select them.
            cursor: the position.
            limit: maximum number of items.
            client: address of the client, whose scans wait for each other.

        Raises:
            ProblemError: 503: the task does not run here, or has been revoked during the scan.
        """
        async with self._scheduler.scan(client):
            scan = Scan(find, query, cursor, limit, self.partition(cursor.task))
            return await self._finish(scan, cursor.task)

    async def run(self, scan: Steps[_T], number: int, client: str) -> _T:
        """Return the result of a scan of a task, once no other scan of the client is under way.

        Args:
            scan: the scan, of the task's partition.
            number: number of the task.
            client: address of the client, whose scans wait for each other.

        Raises:
            ProblemError: 503: the task does not run here, or has been revoked during the scan.
        """
        async with self._scheduler.scan(client):
            return await self._finish(scan, number)

    async def _finish(self, scan: Steps[_T], number: int) -> _T:
        page = None
        while page is None:
            async with self._scheduler.batch():
                if self.partition(number) is not scan.partition:
                    raise unavailable(f"task {number} was restored during the scan")
                page = scan.step()
        return page
