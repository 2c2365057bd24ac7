"""Middlewares that refuse requests with a body, and requests for customers to an exposed worker."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.config.missing_token import MissingToken
from streams.http.api.problem_errors import ProblemError

#: First parts of the paths of customer data.
_CUSTOMER_PATHS: Final = frozenset({"customers", "tickets", "orders", "explain"})


@web.middleware
async def refuse_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Respond with 413 to a request with a body, which no path takes, before any of it is read.

    While a large body waits, a disconnect of its client goes unnoticed.
    """
    if request.body_exists and request.match_info.http_exception is None:
        return ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "no path takes a body; send the request without one"
        ).response()
    return await handler(request)


def refuse_customers(missing_token: MissingToken | None) -> Middleware:
    """Return a middleware that responds with 403 to requests for customers, tickets, orders and explanations.

    Args:
        missing_token: what the worker does without a token; None refuses nothing.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if missing_token is not None and not missing_token.serves_customers and _is_about_customers(request):
            raise ProblemError(HTTPStatus.FORBIDDEN, f"{missing_token.what}; {missing_token.advice}")
        return await handler(request)

    return middleware


def _is_about_customers(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    if resource is None:
        return False
    first = resource.canonical.split("/")[1]
    # Cohorts by a segment are counted by a scan of all customers, and a cell may be one of them.
    return first in _CUSTOMER_PATHS or (first == "cohorts" and "segment" in request.query)
