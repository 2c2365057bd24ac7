"""The routes of the lists: pages of items of all tasks, in the order of the tasks."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from models.contract.messages import Metric
from models.definitions.definitions import Definitions
from models.outputs.ids import to_datetime
from models.query import responses
from models.query.matching_gauge import matching_gauge
from models.query.parameters import Listing, Query
from streams.http.api import cursors, parameters
from streams.http.api.all_tasks import AllTasks, client_of_request, is_forwarded
from streams.http.api.cursors import ListCursor
from streams.http.api.endpoints import Endpoint, endpoints_of
from streams.http.api.http_responses import RouteHandler, encode, respond, with_errors
from streams.http.api.problem_errors import bad_request
from streams.http.api.scan import PAGE_SECONDS
from streams.rollup.publisher import series_key

_T = TypeVar("_T")


class _Page(Struct, Generic[_T], frozen=True):
    """A page of items of one type.

    Attributes:
        items: the items.
        as_of: time for which the page is correct.
        next: cursor of the next page; None at the end of the list.
    """

    items: list[_T]
    as_of: datetime
    next: str | None


class ListRoutes:
    """Serves `/customers`, `/tickets` and `/orders`.

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
        """Add the routes to an application."""
        for endpoint in endpoints_of(self._definitions):
            app.router.add_get(endpoint.path, with_errors(self._handler(endpoint)))

    def _handler(self, endpoint: Endpoint) -> RouteHandler:
        async def handle(request: web.Request) -> web.Response:
            query = parameters.read(endpoint.query, request.query.items(), self._definitions)
            page = await self._page(request, endpoint, query, self._cursor(query))
            body = responses.Page(page.items, page.as_of, page.next, self._gauge(query))
            return respond(request, query, body, endpoint.item, map(encode, page.items), cursor=page.next)

        return handle

    def _cursor(self, query: Listing) -> ListCursor:
        cursor = ListCursor(0) if query.cursor is None else cursors.decode(query.cursor, ListCursor)
        if cursor.task not in self._tasks.numbers:
            raise bad_request("`cursor` is of a group with more tasks", "cursor")
        return cursor

    def _gauge(self, query: Query) -> responses.Gauge | None:
        """Return the published number of items of the list, if a series counts them."""
        matching = matching_gauge(query)
        if matching is None:
            return None
        key = series_key(matching.metric, matching.labels)
        value = self._series(key)
        if value is None:
            return None
        row = msgspec.json.decode(value, type=Metric)
        count = row.value if row.numerator is msgspec.UNSET else row.numerator
        return responses.Gauge(key, count, row.as_of)

    async def _page(
        self, request: web.Request, endpoint: Endpoint, query: Listing, cursor: ListCursor
    ) -> _Page[Any]:
        """Return a page of the cursor's task and the tasks after it. A forwarded request gets one task."""
        items: list[Any] = []
        times: list[datetime] = []
        until = time.monotonic() + PAGE_SECONDS
        numbers = self._tasks.numbers[cursor.task :]
        for task in numbers[:1] if is_forwarded(request) else numbers:
            start = cursor if task == cursor.task else ListCursor(task)
            room = query.limit - len(items)
            if room == 0 or (times and time.monotonic() > until):
                return _Page(items, min(times), cursors.encode(start))
            page = await self._page_of_task(request, endpoint, query, start, room)
            items += page.items
            times.append(page.as_of)
            if page.next is not None:
                return _Page(items, min(times), page.next)
        return _Page(items, min(times), None)

    async def _page_of_task(
        self, request: web.Request, endpoint: Endpoint, query: Listing, cursor: ListCursor, limit: int
    ) -> _Page[Any]:
        if self._tasks.is_remote(cursor.task, request):
            return await self._page_of_owner(request, endpoint, cursor, limit)
        page = await self._tasks.local.page(endpoint.find, query, cursor, limit, client_of_request(request))
        following = None if page.next is None else cursors.encode(page.next)
        return _Page(page.items, to_datetime(page.as_of), following)

    async def _page_of_owner(
        self, request: web.Request, endpoint: Endpoint, cursor: ListCursor, limit: int
    ) -> _Page[Any]:
        query = {"limit": str(limit), "cursor": cursors.encode(cursor)}
        kind: type[_Page[Any]] = _Page[endpoint.item]  # type: ignore[name-defined] # known at run time
        return await self._tasks.forward(request, cursor.task, dict(request.query) | query, kind)
