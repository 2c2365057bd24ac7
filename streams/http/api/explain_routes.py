"""The route that explains why a ratio moved, by a scan of all customers."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from msgspec.structs import replace

from models.contract.messages import Metric
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_SECOND
from models.metrics.explained import EXPLAINED
from models.query.movement import Published, instants_of, movement_of
from models.query.movement_parameters import ExplainQuery, StrataQuery
from models.query.movement_responses import Term
from models.query.strata import StrataCounts, with_defaults
from streams.http.api import explain_parameters, parameters
from streams.http.api.all_tasks import AllTasks, client_of_request, is_forwarded
from streams.http.api.http_responses import encode, respond, with_errors
from streams.http.api.problem_errors import ProblemError, bad_request, unavailable
from streams.http.api.remote_tasks import TASK_HEADER
from streams.http.api.strata_scan import StrataPage, StrataScan
from streams.rollup.publisher import AS_OF, series_key

#: The task whose partition has the published values.
_FIRST_TASK: Final = 0


class ExplainRoutes:
    """Serves `/explain`.

    Args:
        tasks: the tasks of all workers.
        definitions: the shop's definitions.
        series: returns the current record of a series of `retention.metrics`, by its key.
    """

    def __init__(
        self,
        tasks: AllTasks,
        definitions: Definitions,
        series: Callable[[str], bytes | None],
    ) -> None:
        self._tasks = tasks
        self._definitions = definitions
        self._series = series

    def add_to(self, app: web.Application) -> None:
        """Add the route to an application."""
        app.router.add_get("/explain", with_errors(self._explain))

    async def _explain(self, request: web.Request) -> web.Response:
        if is_forwarded(request):
            return await self._part(request)
        query = parameters.read(ExplainQuery, request.query.items(), self._definitions)
        explain_parameters.check(query, self._definitions)
        query = with_defaults(query)
        at = self._as_of()
        counts, published = StrataCounts(), None
        strata_query = StrataQuery(**msgspec.structs.asdict(query), at=at)
        for task in self._tasks.numbers:
            found = await self._count(request, strata_query, task, counts)
            if found is not None:
                published, strata_query = found, replace(strata_query, published_at=found.at)
        movement = movement_of(query, counts, at, published, self._definitions)
        return respond(request, query, movement, Term, map(encode, movement.terms))

    async def _part(self, request: web.Request) -> web.Response:
        """Respond to another worker with a page of this worker's task."""
        query = parameters.read(StrataQuery, request.query.items(), self._definitions)
        explain_parameters.check(query, self._definitions)
        task = request.headers[TASK_HEADER]
        if not (task.isascii() and task.isdigit()):
            raise bad_request(f"the header {TASK_HEADER} is {task!r}: expected the number of a task")
        page = await self._local_page(request, with_defaults(query), int(task))
        return respond(request, query, page, StrataPage, ())

    def _as_of(self) -> int:
        """Return the instant of the published numbers, microseconds since the epoch."""
        record = self._series(AS_OF)
        value = None if record is None else msgspec.json.decode(record, type=Metric).value
        if value is None:
            raise unavailable("the numbers have not been published yet", retry_after=2)
        return round(value * US_PER_SECOND)

    async def _count(
        self, request: web.Request, query: StrataQuery, task: int, counts: StrataCounts
    ) -> Published | None:
        """Add the counts of a task, page by page. Return the published value, which the first task has."""
        published, after = None, ""
        while True:
            page = await self._page(request, replace(query, after=after), task)
            counts.add(page.counts)
            if page.published is not None:
                published, query = page.published, replace(query, published_at=page.published.at)
            if page.after is None:
                return published
            after = page.after

    async def _page(self, request: web.Request, query: StrataQuery, task: int) -> StrataPage:
        if not self._tasks.is_remote(task, request):
            return await self._local_page(request, query, task)
        given = {
            name: str(value)
            for name, value in msgspec.to_builtins(query).items()
            if value is not None and name not in {"exact", "format"}
        }
        page = await self._tasks.forward(request, task, given, StrataPage)
        published = query.published_at if page.published is None else page.published.at
        if not page.counts.covers(len(instants_of(query, query.at, published))):
            raise ProblemError(HTTPStatus.BAD_GATEWAY, f"the owner of task {task} counted at other instants")
        return page

    async def _local_page(self, request: web.Request, query: StrataQuery, task: int) -> StrataPage:
        is_start = task == _FIRST_TASK and query.published_at is None
        series = _series_of(query) if is_start else None
        scan = StrataScan(query, series, self._definitions, self._tasks.local.partition(task))
        return await self._tasks.local.run(scan, task, client_of_request(request))


def _series_of(query: ExplainQuery) -> str:
    """Return the key of the series that a query explains."""
    optional = {"window": query.window, "sla": query.sla, "basis": query.basis}
    labels = {**EXPLAINED[query.metric]} | {name: value for name, value in optional.items() if value}
    return series_key(query.metric, labels)
