"""Errors that become responses with a problem in JSON (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from models.query.responses import Problem

CONTENT_TYPE: Final = "application/problem+json"


class ProblemError(Exception):
    """A request that ends with an error or a redirect.

    Args:
        status: status of the response.
        detail: explanation for the client.
        parameter: the invalid query parameter.
        headers: additional headers of the response.

    Attributes:
        problem: body of the response.
        headers: additional headers of the response.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(status.phrase, status.value, detail, parameter=parameter)
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        """Return the problem as a response."""
        return web.Response(
            body=msgspec.json.encode(self.problem),
            status=self.problem.status,
            headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", **self.headers},
        )


def bad_request(detail: str, parameter: str | None = None) -> ProblemError:
    """Return an error for an invalid request (400).

    Args:
        detail: explanation for the client.
        parameter: the invalid query parameter.
    """
    return ProblemError(HTTPStatus.BAD_REQUEST, detail, parameter=parameter)


def unavailable(detail: str, *, retry_after: int = 1) -> ProblemError:
    """Return an error for a request that no worker can answer now (503).

    Args:
        detail: explanation for the client.
        retry_after: seconds until the client should try again.
    """
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(retry_after)})
