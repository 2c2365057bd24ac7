"""All routes of the query API."""

from collections.abc import Callable

import msgspec
from aiohttp import web

from models.definitions.definitions import Definitions
from models.metrics.cohorts import CohortTotals
from models.query.periods import FrozenPeriods
from streams.http.api import formats, openapi
from streams.http.api.all_tasks import AllTasks
from streams.http.api.cohort_routes import CohortRoutes
from streams.http.api.customer_routes import CustomerRoutes
from streams.http.api.explain_routes import ExplainRoutes
from streams.http.api.list_routes import ListRoutes
from streams.http.api.local_tasks import LocalTasks
from streams.http.api.period_routes import PeriodRoutes
from streams.http.api.remote_tasks import RemoteTasks


class Api:
    """Serves the query API and its description, `/openapi.json`.

    Args:
        local: this worker's tasks.
        remote: the tasks of the other workers.
        tasks: number of tasks of all workers.
        definitions: the shop's definitions.
        series: returns the current record of a series of `retention.metrics`, by its key.
        cohorts: returns the cohorts of the last complete evaluation, on the roll-up leader.
        periods: returns the calendar periods of the last complete evaluation, on the roll-up leader.
    """

    def __init__(
        self,
        local: LocalTasks,
        remote: RemoteTasks,
        tasks: int,
        definitions: Definitions,
        series: Callable[[str], bytes | None],
        *,
        cohorts: Callable[[], CohortTotals | None],
        periods: Callable[[], FrozenPeriods | None],
    ) -> None:
        self._tasks = AllTasks(local, remote, tasks)
        self._lists = ListRoutes(self._tasks, definitions, series)
        self._customers = CustomerRoutes(self._tasks, definitions)
        self._cohorts = CohortRoutes(self._tasks, definitions, cohorts)
        self._explanations = ExplainRoutes(self._tasks, definitions, series)
        self._periods = PeriodRoutes(self._tasks, definitions, periods)

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application, which closes the connections to other workers at its end."""
        self._lists.add_to(app)
        self._customers.add_to(app)
        self._cohorts.add_to(app)
        self._periods.add_to(app)
        self._explanations.add_to(app)
        app.router.add_get("/openapi.json", _openapi)
        app.on_cleanup.append(self._close)

    async def _close(self, _: web.Application) -> None:
        await self._tasks.close()


async def _openapi(_: web.Request) -> web.Response:
    return web.Response(body=msgspec.json.encode(openapi.document()), content_type=formats.JSON)
