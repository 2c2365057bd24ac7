"""Requests to the other workers, for the tasks that they own.

The address of a task's owner is what a member of the consumer group advertises. So nothing secret is sent to
it, and nothing of its answer goes to the client unseen: the answer has to be signed if the workers have a
token, of a limited size, and of the requested type.
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple, NoReturn, TypeVar

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from models.query.responses import Problem
from streams.http.api import formats
from streams.http.api.problem_errors import CONTENT_TYPE, ProblemError, unavailable
from streams.http.worker_proof import ANSWER_HEADER, SignedRequest, WorkerProof, WorkerRequest

#: Header of a forwarded request: the task that it is for. A worker never forwards such a request again.
TASK_HEADER: Final = "Retention-Task"
#: Header of a forwarded request: the client that waits for the answer, whose scans wait for each other.
CLIENT_HEADER: Final = "Retention-Client"
#: Key of a request whose headers above are a worker's: the worker has proved it, or there is no token.
FROM_WORKER: Final = web.RequestKey("from_worker", bool)
#: Longer than the scan for two pages: the requested one, and one that is under way.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10, sock_connect=2)
#: Largest answer. A page of 1,000 profiles or tickets has about 1 MB.
MAX_ANSWER_BYTES: Final = 32 << 20
_CHUNK_BYTES: Final = 1 << 16
#: Statuses whose problem goes to the client.
_CLIENT_PROBLEMS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
#: Where a merged customer is redirected to: a customer, on the worker that the client called.
_REDIRECT: Final = re.compile(r"(/customers/[^/?#\s]+(?:/why)?)(?:\?\S*)?", re.ASCII)
_ADVICE: Final = "set the same token for all workers, and run one release"

_T = TypeVar("_T")


class _Answer(NamedTuple):
    """The answer of another worker.

    Attributes:
        status: HTTP status.
        headers: its headers.
        body: its body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class _InvalidAnswer(Exception):
    """The owner of a task sent an answer that no worker of the group sends."""


class RemoteTasks:
    """Sends requests to the owners of tasks.

    Args:
        addresses: returns the URL of each task's owner, as of the last assignment.
        own: returns this worker's URL.
        proof: signs the requests, and checks the answers; None if the workers have no token.
    """

    def __init__(
        self,
        addresses: Callable[[], Mapping[int, str]],
        own: Callable[[], str],
        proof: WorkerProof | None = None,
    ) -> None:
        self._addresses = addresses
        self._own = own
        self._proof = proof
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, task: int, path: str, query: Mapping[str, str], kind: type[_T], client: str) -> _T:
        """Return the answer of the owner of a task.

        Args:
            task: number of the task.
            path: percent-encoded path.
            query: query parameters.
            kind: type of the answer.
            client: address of the client.

        Raises:
            ProblemError: 307, 400 or 404: as the owner answers. 503: the task has no owner, or its owner
                cannot answer. 502: the owner does not prove that it has the token, or answers with something
                else than `kind`.
        """
        address = self._address(task)
        url = URL(address + path, encoded=True).with_query(query)
        try:
            answer = await self._send(url, address, task, client)
            if answer.status == HTTPStatus.OK:
                return _decoded(answer, formats.JSON, kind)
            _raise_problem(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise unavailable(f"the owner of task {task} at {address} does not respond: {reason}") from None
        except _InvalidAnswer as error:
            detail = f"the owner of task {task} at {address} {error}"
            raise ProblemError(HTTPStatus.BAD_GATEWAY, detail) from None

    async def _send(self, url: URL, address: str, task: int, client: str) -> _Answer:
        headers, signed = {TASK_HEADER: str(task), CLIENT_HEADER: client}, None
        if self._proof is not None:
            signed = self._proof.sign(WorkerRequest(address, "GET", url.raw_path_qs, str(task), client))
            headers["Authorization"] = signed.authorization
        async with self._client().get(url, headers=headers, allow_redirects=False) as response:
            answer = _Answer(response.status, response.headers, await _limited_body(response))
        if self._proof is not None and signed is not None:
            _require_signed(answer, self._proof, signed)
        return answer

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
            # A compressed body could be a thousand times as large as what is read of it.
            self._session = aiohttp.ClientSession(
                timeout=_TIMEOUT,
                trust_env=False,
                auto_decompress=False,
                headers={"Accept": formats.JSON, "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _limited_body(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _InvalidAnswer("answers with a compressed body")
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise _InvalidAnswer(
                f"answers with more than {MAX_ANSWER_BYTES >> 20} MB; ask for fewer items (`limit`)"
            )
    return bytes(body)


def _require_signed(answer: _Answer, proof: WorkerProof, signed: SignedRequest) -> None:
    signature = answer.headers.get(ANSWER_HEADER, "")
    if proof.is_answer(signature, signed.nonce, answer.status, answer.headers, answer.body):
        return
    raise _InvalidAnswer(f"does not prove that it has this worker's RETENTION_TOKEN: {_ADVICE}")


def _raise_problem(answer: _Answer) -> NoReturn:
    """Raise the problem that an owner answers with."""
    problem = _decoded(answer, CONTENT_TYPE, Problem)
    if problem.status != answer.status:
        raise _InvalidAnswer(f"answers with status {answer.status} and a problem of status {problem.status}")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise _InvalidAnswer(f"refuses the request: {problem.detail}; {_ADVICE}")
    if answer.status == HTTPStatus.TEMPORARY_REDIRECT:
        location = {"Location": _redirect_path(answer)}
        raise ProblemError(HTTPStatus.TEMPORARY_REDIRECT, problem.detail, headers=location)
    if answer.status in _CLIENT_PROBLEMS:
        raise ProblemError(HTTPStatus(answer.status), problem.detail, parameter=problem.parameter)
    raise unavailable(problem.detail)


def _redirect_path(answer: _Answer) -> str:
    found = _REDIRECT.fullmatch(answer.headers.get("Location", ""))
    if found is None:
        raise _InvalidAnswer("redirects to something else than a customer")
    return found[1]


def _decoded(answer: _Answer, content_type: str, kind: type[_T]) -> _T:
    found = answer.headers.get("Content-Type", "")
    if found.partition(";")[0].strip().lower() != content_type:
        raise _InvalidAnswer(f"answers with status {answer.status} and content type {found[:80]!r}")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError as error:
        raise _InvalidAnswer(f"answers with content of another type: {error}") from None
