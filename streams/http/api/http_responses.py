"""Successful responses: bodies as JSON or CSV, with their headers."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

from models.query.parameters import Query
from streams.http.api import formats
from streams.http.api.problem_errors import ProblemError

#: Handles a request.
RouteHandler = Callable[[web.Request], Awaitable[web.Response]]

_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Accept, Authorization"}

encode: Final = msgspec.json.Encoder().encode


def with_errors(handler: RouteHandler) -> RouteHandler:
    """Return a handler that turns problems that are raised into responses."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ProblemError as error:
            return error.response()

    return handle


def respond(
    request: web.Request,
    query: Query,
    body: Struct,
    row: type[Struct],
    rows: Iterable[bytes],
    *,
    cursor: str | None = None,
) -> web.Response:
    """Return a response in the format that the client accepts.

    Args:
        request: the request, which names the format.
        query: its parameters.
        body: the whole response as JSON.
        row: class of a row of the CSV.
        rows: JSON of the rows.
        cursor: cursor of the next page; None on the last one.
    """
    headers = dict(_HEADERS)
    if cursor is not None:
        headers["Link"] = f'<{request.rel_url.update_query(cursor=cursor)}>; rel="next"'
    if formats.negotiate(query.format, request.headers.get("Accept", "")) == "json":
        return web.Response(body=encode(body), headers={**headers, "Content-Type": formats.JSON})
    table = formats.to_csv(row, rows, exact=query.exact)
    return web.Response(body=table, headers={**headers, "Content-Type": formats.CSV})
