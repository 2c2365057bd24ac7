"""Access to the query API by a bearer token. Pages without personal data need no token."""

import hmac
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.http.api.problem_errors import ProblemError
from streams.secret import Secret

#: Routes that need no token: probes, metrics, the live page with its files, and the OpenAPI document.
PUBLIC_ROUTES: Final = frozenset({"/", "/stream", "/page", "/metrics", "/live", "/ready", "/openapi.json"})


def require_token(token: Secret | None) -> Middleware:
    """Return a middleware that responds with 401 to a request without the token.

    Args:
        token: the expected bearer token. None admits all requests.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if token is None or _is_public(request) or _has_token(request, token):
            return await handler(request)
        return ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "send the header `Authorization: Bearer TOKEN` with the token of RETENTION_TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        ).response()

    return middleware


def _is_public(request: web.Request) -> bool:
    """Return whether a route needs no token. Unknown paths need none, so that they are answered with 404."""
    resource = request.match_info.route.resource
    return resource is None or resource.canonical in PUBLIC_ROUTES


def _has_token(request: web.Request, token: Secret) -> bool:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    is_equal = hmac.compare_digest(sent.strip().encode(errors="surrogateescape"), token.encode())
    return is_equal and scheme.lower() == "bearer"
