"""Asks the other workers: those that own the tasks which this one does not."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from models.query.responses import Problem
from streams.http.api.problem_errors import Refusal, unavailable

#: Tells a worker for which task it is asked, so that it answers itself: nothing is passed on twice.
TASK_HEADER: Final = "Retention-Task"
#: Longer than a page may take, and the one before it.
_ANSWERS: Final = frozenset(
    {HTTPStatus.OK, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10, sock_connect=2)


class RemoteResponse(NamedTuple):
    """What another worker has answered, which is passed on as it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RemoteTasks:
    """The workers by their tasks.

    Args:
        addresses: gives the URL of each task's owner, as of the last assignment.
        own: gives this worker's URL.
    """

    def __init__(self, addresses: Callable[[], Mapping[int, str]], own: Callable[[], str]) -> None:
        self._addresses = addresses
        self._own = own
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    async def ask(
        self, task: int, path: str, query: Mapping[str, str], authorization: str | None
    ) -> RemoteResponse:
        """Ask the owner of a task.

        Args:
            task: its number.
            path: percent-encoded.
            query: the parameters.
            authorization: the asker's header, which is passed on.

        Raises:
            Refusal: 503: nobody owns it, or who does cannot answer; 502: it does not take the token.
        """
        address = self._addresses().get(task)
        if address is None:
            raise unavailable(f"task {task} has no owner: the workers are sharing their tasks out")
        if address == self._own():
            raise unavailable(
                f"task {task} is not read yet, or another worker has this one's address {address}: "
                "each needs one of its own (RETENTION_ADVERTISE)"
            )
        headers = {TASK_HEADER: str(task)}
        if authorization is not None:
            headers["Authorization"] = authorization
        url = URL(address + path, encoded=True).with_query(query)
        try:
            async with self._client().get(url, headers=headers, allow_redirects=False) as response:
                answer = RemoteResponse(response.status, _kept(response.headers), await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise unavailable(f"the owner of task {task} does not answer at {address}: {reason}") from None
        return _trusted(answer, task, address)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False)
        return self._session


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("Content-Type", "Link", "Location") if name in headers}


def _trusted(answer: RemoteResponse, task: int, address: str) -> RemoteResponse:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise Refusal(
            HTTPStatus.BAD_GATEWAY,
            f"the owner of task {task}, at {address}, has another RETENTION_TOKEN: all workers need the same",
        )
    if answer.status in _ANSWERS:
        return answer
    try:
        detail = msgspec.json.decode(answer.body, type=Problem).detail
    except msgspec.DecodeError:
        detail = f"the owner of task {task}, at {address}, answers with status {answer.status}"
    raise unavailable(detail)
