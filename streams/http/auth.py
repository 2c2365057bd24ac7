"""Who may ask: where a token is set, whoever knows it; numbers that name nobody are open to all."""

import hmac
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.http.api.problem_errors import Refusal
from streams.secret import Secret

#: Routes that stay open: health, what Prometheus scrapes, the live page and what it loads, the description.
OPEN: Final = frozenset({"/", "/stream", "/page", "/metrics", "/live", "/ready", "/openapi.json"})


def guard(token: Secret | None) -> Middleware:
    """Return the middleware that admits requests with the token; everybody, where there is none."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if token is None or resource is None or resource.canonical in OPEN or _knows(request, token):
            return await handler(request)
        return Refusal(
            HTTPStatus.UNAUTHORIZED,
            "the header Authorization has to be `Bearer` and the token of RETENTION_TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        ).response()

    return middleware


def _knows(request: web.Request, token: Secret) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    known = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), token.encode())
    return known and scheme.lower() == "bearer"
