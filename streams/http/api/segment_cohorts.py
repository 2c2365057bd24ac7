"""The cohorts of the customers with a value of a segment: a scan of the customers of all tasks."""

from collections.abc import Iterator
from typing import Final, cast

from aiohttp import web
from msgspec import Struct

from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.metrics.cohorts import CohortTotals
from models.query.cohort_scan import CohortScanner, ScannedCohorts
from models.query.parameters import CohortQuery
from models.query.segments import SegmentFilter
from streams.http.api import cursors, formats, parameters
from streams.http.api.all_tasks import AllTasks, client_of_request
from streams.http.api.cursors import ListCursor
from streams.http.api.http_responses import encode

#: Most customers of a part. In practice, the duration of a scan ends it.
_PART_CUSTOMERS: Final = 100_000


class CohortPart(Struct):
    """The cohorts of the customers of a task from a position on.

    Attributes:
        found: their cohorts.
        now: time for which they are correct, microseconds since the epoch.
        next: cursor of the next part. None at the end of the task.
    """

    found: ScannedCohorts
    now: int
    next: str | None


class SegmentCohorts:
    """Scans the customers of all tasks.

    Args:
        tasks: the tasks of all workers.
        definitions: the shop's definitions.
    """

    def __init__(self, tasks: AllTasks, definitions: Definitions) -> None:
        self._tasks = tasks
        self._definitions = definitions
        self._scanner = CohortScanner(definitions)
        self._filter = SegmentFilter(definitions)

    async def find(self, request: web.Request, query: CohortQuery) -> CohortTotals:
        """Return the cohorts of all customers that a query selects.

        Raises:
            ProblemError: 503: a task is missing or has not caught up.
        """
        found, times = ScannedCohorts(), []
        for task in self._tasks.numbers:
            cursor: ListCursor | None = ListCursor(task)
            while cursor is not None:
                part = await self._part(request, query, cursor)
                found.merge(part.found)
                times.append(part.now)
                cursor = None if part.next is None else cursors.decode(part.next, ListCursor)
        return CohortTotals([found.cells], found.kept, self._definitions, min(times), earliest=found.earliest)

    async def answer_worker(self, request: web.Request) -> web.Response:
        """Answer another worker with the part of a task that its cursor names.

        Raises:
            ProblemError: 400: a parameter is invalid. 503: the task does not run here.
        """
        values = dict(request.query)
        cursor = cursors.decode(values.pop("cursor", ""), ListCursor)
        query = parameters.read(CohortQuery, values.items(), self._definitions)
        part = await self._scan(request, query, cursor)
        return web.Response(body=encode(part), headers={"Content-Type": formats.JSON})

    async def _part(self, request: web.Request, query: CohortQuery, cursor: ListCursor) -> CohortPart:
        if not self._tasks.is_remote(cursor.task, request):
            return await self._scan(request, query, cursor)
        values = {"segment": str(query.segment), "cursor": cursors.encode(cursor)}
        return await self._tasks.forward(request, cursor.task, values, CohortPart)

    async def _scan(self, request: web.Request, query: CohortQuery, cursor: ListCursor) -> CohortPart:
        client = client_of_request(request)
        page = await self._tasks.local.page(self._find, query, cursor, _PART_CUSTOMERS, client)
        found = ScannedCohorts()
        for item in page.items:
            found.merge(cast("ScannedCohorts", item))
        return CohortPart(found, page.as_of, None if page.next is None else cursors.encode(page.next))

    def _find(self, customer: Customer, query: CohortQuery, now: int) -> Iterator[tuple[str, ScannedCohorts]]:
        selected = self._filter.has_customer(customer, query.segment, now)
        found = self._scanner.read(customer, now, selected=selected)
        if found is not None:
            yield "", found
