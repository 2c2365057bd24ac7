"""The route of cohorts.

The roll-up leader answers, because it has the sums of all tasks. By a segment, the customers of all tasks are
scanned.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from models.definitions.definitions import Definitions
from models.metrics.cohorts import CohortTotals
from models.query import responses
from models.query.cohorts import cohorts_of
from models.query.parameters import CohortQuery
from streams.http.api import parameters
from streams.http.api.all_tasks import AllTasks, is_forwarded
from streams.http.api.http_responses import encode, respond, with_errors
from streams.http.api.problem_errors import unavailable
from streams.http.api.segment_cohorts import SegmentCohorts

#: The task whose owner is the roll-up leader.
_LEADER_TASK: Final = 0


class CohortRoutes:
    """Serves `/cohorts`.

    Args:
        tasks: the tasks of all workers.
        definitions: the shop's definitions.
        totals: returns the cohorts of the last complete evaluation; None on other workers, or before it.
    """

    def __init__(
        self,
        tasks: AllTasks,
        definitions: Definitions,
        totals: Callable[[], CohortTotals | None],
    ) -> None:
        self._tasks = tasks
        self._definitions = definitions
        self._totals = totals
        self._by_segment = SegmentCohorts(tasks, definitions)

    def add_to(self, app: web.Application) -> None:
        """Add the route to an application."""
        app.router.add_get("/cohorts", with_errors(self._cohorts))

    async def _cohorts(self, request: web.Request) -> web.Response:
        if is_forwarded(request) and "segment" in request.query:
            return await self._by_segment.answer_worker(request)
        query = parameters.read(CohortQuery, request.query.items(), self._definitions)
        if query.segment is not None:
            found = cohorts_of(await self._by_segment.find(request, query), query)
        elif self._tasks.is_remote(_LEADER_TASK, request):
            found = await self._tasks.forward(request, _LEADER_TASK, dict(request.query), responses.Cohorts)
        else:
            found = self._local(query)
        return respond(request, query, found, responses.CohortCell, map(encode, found.items))

    def _local(self, query: CohortQuery) -> responses.Cohorts:
        totals = self._totals()
        if totals is None:
            raise unavailable(
                "the group has not caught up: there is no complete evaluation yet", retry_after=2
            )
        return cohorts_of(totals, query)
