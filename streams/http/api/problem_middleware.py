"""A middleware that turns every error into a problem in JSON, unknown paths and methods included."""

import difflib
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from streams.http.api.problem_errors import ProblemError

_SEE_OPENAPI: Final = "see /openapi.json"


@web.middleware
async def problem_responses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return a `ProblemError`, or a plain-text error of aiohttp, as a problem (RFC 9457)."""
    try:
        return await handler(request)
    except ProblemError as error:
        return error.response()
    except web.HTTPError as error:
        if isinstance(error, web.HTTPMethodNotAllowed):
            return _method_not_allowed(error).response()
        if isinstance(error, web.HTTPNotFound):
            return ProblemError(HTTPStatus.NOT_FOUND, await _path_not_found(request)).response()
        return ProblemError(HTTPStatus(error.status), (error.text or error.reason).strip()).response()


def _method_not_allowed(error: web.HTTPMethodNotAllowed) -> ProblemError:
    allowed = ", ".join(sorted(error.allowed_methods))
    detail = f"method {error.method} is not allowed here; use {allowed} ({_SEE_OPENAPI})"
    return ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})


async def _path_not_found(request: web.Request) -> str:
    path = request.rel_url.raw_path
    unknown = f"unknown path {path}"
    bare = path.rstrip("/")
    if bare != path and await _exists(request, bare):
        return f"{unknown}; remove the slash at the end: {bare}"
    known = {resource.canonical for resource in request.app.router.resources()} - {"/"}
    close = difflib.get_close_matches(path, known, n=1)
    return f"{unknown}; did you mean {close[0]}?" if close else f"{unknown} ({_SEE_OPENAPI})"


async def _exists(request: web.Request, path: str) -> bool:
    other = request.clone(rel_url=request.rel_url.with_path(path, encoded=True))
    return (await request.app.router.resolve(other)).http_exception is None
