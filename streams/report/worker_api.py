"""Questions to a running worker: the HTTP API, with the token of the settings."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Self

import aiohttp
import msgspec
from msgspec import Struct

from streams.errors import RetentionError, WorkerUnavailable
from streams.secret import Secret

#: A worker may have to decode many customers for an explanation.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=120.0, connect=10.0)


class _Problem(Struct):
    detail: str = ""
    title: str = ""


class WorkerApi:
    """A client of one worker, which answers for all workers. Use it in `async with`.

    Args:
        url: address of the worker, such as `http://127.0.0.1:6066`.
        token: bearer token of the workers; None without one.
    """

    def __init__(self, url: str, token: Secret | None) -> None:
        self._url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {''.join(token)}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connections."""
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, parameters: Mapping[str, str] | None = None) -> bytes:
        """Return the body of an answer.

        Args:
            path: path of the resource, such as `/metrics.json`.
            parameters: parameters of the request.

        Raises:
            WorkerUnavailable: no worker responds, or it is not ready yet.
            WorkerRefused: the worker does not answer this request.
        """
        if self._session is None:
            raise RuntimeError("use the client in `async with`")
        headers = {"Accept": "application/json"}
        try:
            async with self._session.get(
                f"{self._url}{path}", params=parameters, headers=headers
            ) as response:
                body = await response.read()
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise WorkerUnavailable(self._url, str(error) or type(error).__name__) from None
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise WorkerUnavailable(self._url, f"it is not ready: {_detail(body) or 'still reading'}")
        if status != HTTPStatus.OK:
            raise WorkerRefused(self._url, path, status, _detail(body))
        return body


class WorkerRefused(RetentionError):
    """A worker responds, but not with what was asked for.

    Attributes:
        status: HTTP status of the answer.
        detail: the worker's explanation; may be empty.
    """

    def __init__(self, url: str, path: str, status: int, detail: str) -> None:
        hint = ""
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            hint = "set RETENTION_TOKEN, or RETENTION_TOKEN_FILE, to the token of the workers"
        super().__init__(f"the worker at {url} answers {path} with {status}: {detail or 'no reason'}", hint)
        self.status = status
        self.detail = detail


def _detail(body: bytes) -> str:
    """Return the reason in a body of `application/problem+json`; empty for any other body."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        return ""
    return problem.detail or problem.title
