"""Requests to the other workers, for the tasks that they own."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from models.query.responses import Problem
from streams.http.api.problem_errors import ProblemError, unavailable

#: Header of a forwarded request: the task that it is for. A worker never forwards such a request again.
TASK_HEADER: Final = "Retention-Task"
#: Statuses of responses that go to the client unchanged.
_FORWARDED_STATUSES: Final = frozenset(
    {HTTPStatus.OK, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
)
#: Headers that go to the client unchanged.
_FORWARDED_HEADERS: Final = ("Content-Type", "Link", "Location")
#: Longer than the scan for two pages: the requested one, and one that is under way.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10, sock_connect=2)


class RemoteResponse(NamedTuple):
    """The response of another worker.

    Attributes:
        status: HTTP status.
        headers: the headers that go to the client.
        body: the body, unchanged.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class RemoteTasks:
    """Sends requests to the owners of tasks.

    Args:
        addresses: returns the URL of each task's owner, as of the last assignment.
        own: returns this worker's URL.
    """

    def __init__(self, addresses: Callable[[], Mapping[int, str]], own: Callable[[], str]) -> None:
        self._addresses = addresses
        self._own = own
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(
        self, task: int, path: str, query: Mapping[str, str], authorization: str | None
    ) -> RemoteResponse:
        """Return the response of the owner of a task.

        Args:
            task: number of the task.
            path: percent-encoded path.
            query: query parameters.
            authorization: value of the client's header `Authorization`, which is sent along.

        Raises:
            ProblemError: 503: the task has no owner, or its owner cannot answer. 502: the owner has another
                token.
        """
        address = self._address(task)
        headers = {TASK_HEADER: str(task)}
        if authorization is not None:
            headers["Authorization"] = authorization
        url = URL(address + path, encoded=True).with_query(query)
        try:
            async with self._client().get(url, headers=headers, allow_redirects=False) as response:
                remote = RemoteResponse(
                    response.status, _forwarded_headers(response.headers), await response.read()
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise unavailable(f"the owner of task {task} at {address} does not respond: {reason}") from None
        _check_status(remote, task, address)
        return remote

    def _address(self, task: int) -> str:
        address = self._addresses().get(task)
        if address is None:
            raise unavailable(f"task {task} has no owner: the workers are rebalancing")
        if address == self._own():
            raise unavailable(
                f"task {task} is not restored yet, or another worker has the same address {address}: "
                "set RETENTION_ADVERTISE to a different address for each worker"
            )
        return address

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False)
        return self._session


def _forwarded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _FORWARDED_HEADERS if name in headers}


def _check_status(remote: RemoteResponse, task: int, address: str) -> None:
    """Raise a problem unless the response may go to the client."""
    if remote.status == HTTPStatus.UNAUTHORIZED:
        raise ProblemError(
            HTTPStatus.BAD_GATEWAY,
            f"the owner of task {task} at {address} has another RETENTION_TOKEN: "
            "set the same token for all workers",
        )
    if remote.status in _FORWARDED_STATUSES:
        return
    try:
        detail = msgspec.json.decode(remote.body, type=Problem).detail
    except msgspec.DecodeError:
        detail = f"the owner of task {task} at {address} responds with status {remote.status}"
    raise unavailable(detail)
