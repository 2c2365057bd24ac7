"""Queries of this worker's own tasks, in short steps between which the worker processes records."""

from collections.abc import Callable
from typing import Protocol

from models.customers.customer import Customer
from models.partition.partition import Partition
from models.query.parameters import Listing
from streams.http.api.cursors import ListCursor
from streams.http.api.endpoints import Endpoint
from streams.http.api.problem_errors import unavailable
from streams.http.api.scan import Scan, TaskPage
from streams.http.api.scan_scheduler import ScanScheduler


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

    async def page(
        self, endpoint: Endpoint, query: Listing, cursor: ListCursor, limit: int, client: str
    ) -> TaskPage:
        """Return a task's items from a position on, as many as `PAGE_SECONDS` allows.

        Args:
            endpoint: the list.
            query: its parameters.
            cursor: the position.
            limit: maximum number of items.
            client: address of the client, whose scans wait for each other.

        Raises:
            ProblemError: 503: the task does not run here, or has been revoked during the scan.
        """
        async with self._scheduler.scan(client):
            scan = Scan(endpoint, query, cursor, limit, self.partition(cursor.task))
            page = None
            while page is None:
                async with self._scheduler.batch():
                    page = self._step(scan, cursor.task)
            return page

    def _step(self, scan: Scan, number: int) -> TaskPage | None:
        if self.partition(number) is not scan.partition:
            raise unavailable(f"task {number} was restored during the scan")
        return scan.step()
