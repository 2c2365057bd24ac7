"""Ask a running worker's API."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, TypeVar

import aiohttp
import msgspec

from models.query.responses import Problem
from streams.config.load import Settings
from streams.errors import RetentionError, SettingsError
from streams.secret import Secret, redact

#: A scan of half a million customers takes about a minute.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=600.0, connect=5.0)
_ACCESS_HINT: Final = "set RETENTION_TOKEN or --token-file to the workers' token"

#: Addresses that a server binds, and no client reaches.
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - nothing is bound here

_T = TypeVar("_T")


def address_of(settings: Settings) -> str:
    """Return the URL of the worker on this machine that has these settings."""
    return f"http://{_ANY_ADDRESS.get(settings.host, settings.host)}:{settings.port}"


class WorkerUnavailable(RetentionError):
    """No worker responds at an address, or it cannot answer now."""

    exit_code = 3


class RequestRefused(RetentionError):
    """A worker refuses a request: it has an invalid parameter, or lacks the token."""


async def get(
    worker: str, path: str, query: Mapping[str, str], kind: type[_T], token: Secret | None = None
) -> _T:
    """Return a worker's answer to a request.

    Args:
        worker: URL of the worker.
        path: path of the request.
        query: query parameters.
        kind: type of the answer.
        token: the workers' token; None if they have none.

    Raises:
        WorkerUnavailable: no worker responds, or it has not caught up.
        RequestRefused: the worker refuses the request.
        SettingsError: the URL has a user, and there is a token.
    """
    _check_user(worker, token)
    headers = {} if token is None else {"Authorization": "Bearer " + "".join(token)}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session,
            session.get(worker.rstrip("/") + path, params=dict(query)) as response,
        ):
            status, body = response.status, await response.read()
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, UnicodeError):  # of an impossible host name
        raise WorkerUnavailable(
            f"{redact(worker)!r} is not the URL of a worker",
            "set --worker to one such as http://127.0.0.1:6066",
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise WorkerUnavailable(
            redact(f"no worker responds at {worker}: {reason}"), "set --worker to a worker's URL"
        ) from None
    return _decoded(redact(worker), status, body, kind)


def _check_user(worker: str, token: Secret | None) -> None:
    """Check that a request has one authorization: a proxy's user and password, or the workers' token."""
    if token is not None and "@" in worker.partition("://")[2].partition("/")[0]:
        raise SettingsError(
            "--worker",
            "has a user, and the workers have a token; a request carries one of them",
            source=redact(worker),
            hint="let the proxy accept the token, or ask a worker directly",
        )


def _decoded(worker: str, status: int, body: bytes, kind: type[_T]) -> _T:
    try:
        if status == HTTPStatus.OK:
            return msgspec.json.decode(body, type=kind)
        detail = msgspec.json.decode(body, type=Problem).detail
    except msgspec.DecodeError:
        raise WorkerUnavailable(
            f"{worker} responds with status {status}: it is not a worker of this release",
            "set --worker to a worker's URL",
        ) from None
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise WorkerUnavailable(detail, "repeat the command in a moment")
    denied = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    raise RequestRefused(detail, _ACCESS_HINT if denied else "")
