"""Whatever is not answered says why in JSON: also an unknown path, and a method that is not taken."""

import difflib
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from streams.http.api.problem_errors import Refusal

_DESCRIBED: Final = "/openapi.json describes what there is"


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return problems, and the plain-text errors of aiohttp, as problems (RFC 9457)."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except web.HTTPError as error:
        if isinstance(error, web.HTTPMethodNotAllowed):
            return _not_taken(error).response()
        if isinstance(error, web.HTTPNotFound):
            return Refusal(HTTPStatus.NOT_FOUND, await _nothing_at(request)).response()
        return Refusal(HTTPStatus(error.status), (error.text or error.reason).strip()).response()


def _not_taken(error: web.HTTPMethodNotAllowed) -> Refusal:
    taken = ", ".join(sorted(error.allowed_methods))
    detail = f"{error.method} is not taken here, only {taken}: {_DESCRIBED}"
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": taken})


async def _nothing_at(request: web.Request) -> str:
    path = request.rel_url.raw_path
    reason = f"there is nothing at {path}"
    bare = path.rstrip("/")
    if bare != path and await _is_there(request, bare):
        return f"{reason}: there is at {bare}, without the slash"
    known = {resource.canonical for resource in request.app.router.resources()} - {"/"}
    close = difflib.get_close_matches(path, known, n=1)
    return f"{reason}: did you mean {close[0]}?" if close else f"{reason}: {_DESCRIBED}"


async def _is_there(request: web.Request, path: str) -> bool:
    other = request.clone(rel_url=request.rel_url.with_path(path, encoded=True))
    return (await request.app.router.resolve(other)).http_exception is None
