"""Why a request is not answered: problems in JSON (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from models.query.responses import Problem

CONTENT_TYPE: Final = "application/problem+json"


class Refusal(Exception):
    """A request that is not answered, or elsewhere.

    Attributes:
        problem: what the asker is told.
        headers: sent with it.
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
        """Return the response of the problem."""
        return web.Response(
            body=msgspec.json.encode(self.problem),
            status=self.problem.status,
            headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", **self.headers},
        )


def invalid(detail: str, parameter: str | None = None) -> Refusal:
    """The question makes no sense (400)."""
    return Refusal(HTTPStatus.BAD_REQUEST, detail, parameter=parameter)


def unavailable(detail: str, *, again: int = 1) -> Refusal:
    """Nobody can answer now (503); it may be asked again after so many seconds."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(again)})
