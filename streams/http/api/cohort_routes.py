"""The route of cohorts, which the roll-up leader answers: it has the sums of all tasks."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from models.definitions.definitions import Definitions
from models.metrics.cohorts import CohortTotals
from models.query import responses
from models.query.cohorts import cohorts_of
from models.query.parameters import CohortQuery
from streams.http.api import parameters
from streams.http.api.forwarding import Forwarder
from streams.http.api.http_responses import encode, respond, with_errors
from streams.http.api.problem_errors import unavailable

#: The task whose owner is the roll-up leader.
_LEADER_TASK: Final = 0


class CohortRoutes:
    """Serves `/cohorts`.

    Args:
        forwarder: forwards requests to the other workers.
        definitions: the shop's definitions.
        totals: returns the cohorts of the last complete evaluation; None on other workers, or before it.
    """

    def __init__(
        self, forwarder: Forwarder, definitions: Definitions, totals: Callable[[], CohortTotals | None]
    ) -> None:
        self._forwarder = forwarder
        self._definitions = definitions
        self._totals = totals

    def add_to(self, app: web.Application) -> None:
        """Add the route to an application."""
        app.router.add_get("/cohorts", with_errors(self._cohorts))

    async def _cohorts(self, request: web.Request) -> web.Response:
        query = parameters.read(CohortQuery, request.query.items(), self._definitions)
        if self._forwarder.is_remote(_LEADER_TASK, request):
            found = await self._forwarder.forward(
                request, _LEADER_TASK, dict(request.query), responses.Cohorts
            )
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
