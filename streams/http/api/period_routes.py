"""The routes of calendar periods, which the roll-up leader answers: it has the sums and the frozen values."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from models.definitions.definitions import Definitions
from models.query.parameters import PeriodQuery, Query
from models.query.periods import (
    CalendarPeriod,
    FrozenPeriods,
    Periods,
    PeriodSeries,
    period_of,
    periods_of,
)
from streams.http.api import parameters
from streams.http.api.all_tasks import AllTasks
from streams.http.api.http_responses import encode, respond, with_errors
from streams.http.api.problem_errors import ProblemError, unavailable

#: The task whose owner is the roll-up leader.
_LEADER_TASK: Final = 0


class PeriodRoutes:
    """Serves `/periods` and `/periods/{kind}/{period}`.

    Args:
        tasks: the tasks of all workers.
        definitions: the shop's definitions.
        periods: returns the periods of the last complete evaluation; None on other workers, or before it.
    """

    def __init__(
        self,
        tasks: AllTasks,
        definitions: Definitions,
        periods: Callable[[], FrozenPeriods | None],
    ) -> None:
        self._tasks = tasks
        self._definitions = definitions
        self._periods = periods

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_get("/periods", with_errors(self._list))
        app.router.add_get("/periods/{kind}/{period}", with_errors(self._one))

    async def _list(self, request: web.Request) -> web.Response:
        query = parameters.read(PeriodQuery, request.query.items(), self._definitions)
        if self._tasks.is_remote(_LEADER_TASK, request):
            found = await self._tasks.forward(request, _LEADER_TASK, dict(request.query), Periods)
        else:
            found = periods_of(self._found(), query.kind)
        rows = (encode(row) for period in found.items for row in period.values)
        return respond(request, query, found, PeriodSeries, rows)

    async def _one(self, request: web.Request) -> web.Response:
        query = parameters.read(Query, request.query.items(), self._definitions)
        kind, label = request.match_info["kind"], request.match_info["period"]
        if kind not in self._definitions.periods.kinds:
            raise ProblemError(HTTPStatus.NOT_FOUND, _unknown_kind(kind, self._definitions))
        if self._tasks.is_remote(_LEADER_TASK, request):
            found = await self._tasks.forward(request, _LEADER_TASK, dict(request.query), CalendarPeriod)
        else:
            found = self._local(kind, label)
        return respond(request, query, found, PeriodSeries, map(encode, found.values))

    def _local(self, kind: str, label: str) -> CalendarPeriod:
        found = period_of(self._found(), kind, label)
        if found is None:
            detail = f"no {kind} {label!r}: it is later than now, beyond the horizon, or misspelt"
            raise ProblemError(HTTPStatus.NOT_FOUND, f"{detail}; /periods?kind={kind} lists those that exist")
        return found

    def _found(self) -> FrozenPeriods:
        found = self._periods()
        if found is None:
            raise unavailable(
                "the group has not caught up: there is no complete evaluation yet", retry_after=2
            )
        return found


def _unknown_kind(kind: str, definitions: Definitions) -> str:
    kinds = ", ".join(definitions.periods.kinds)
    if not kinds:
        return "periods require `kinds` in the table `[periods]` of the configuration"
    return f"no kind of period {kind!r}; `kinds` in the table `[periods]` has {kinds}"
