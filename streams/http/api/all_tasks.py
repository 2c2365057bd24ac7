"""The tasks of all workers: a request for a task of another worker is forwarded to its owner."""

from collections.abc import Mapping
from typing import Final, TypeVar

from aiohttp import web

from streams.http.api.local_tasks import LocalTasks
from streams.http.api.problem_errors import ProblemError
from streams.http.api.remote_tasks import CLIENT_HEADER, FROM_WORKER, TASK_HEADER, RemoteTasks
from streams.http.client_address import client_of
from streams.partitioner import tasks_of

#: Workers answer each other in JSON. The worker that the client called converts it to CSV.
_JSON: Final = {"format": "json"}

_T = TypeVar("_T")


class AllTasks:
    """The tasks of this worker, and those of the other workers.

    Args:
        local: this worker's tasks.
        remote: the tasks of the other workers.
        count: number of tasks of all workers.

    Attributes:
        local: this worker's tasks.
        numbers: the numbers of all tasks.
    """

    def __init__(self, local: LocalTasks, remote: RemoteTasks, count: int) -> None:
        self.local: Final = local
        self.numbers: Final = range(count)
        self._remote = remote

    def of_customer(self, customer_id: str) -> int:
        """Return the number of a customer's task."""
        return tasks_of([customer_id.encode()], len(self.numbers))[0]

    def is_remote(self, task: int, request: web.Request) -> bool:
        """Return whether another worker has to answer. A forwarded request is never forwarded again."""
        return not is_forwarded(request) and not self.local.owns(task)

    async def forward(self, request: web.Request, task: int, query: Mapping[str, str], kind: type[_T]) -> _T:
        """Return the answer of a task's owner to a request with other query parameters.

        Args:
            request: the client's request.
            task: number of the task.
            query: query parameters. The owner answers in JSON, whatever the client accepts.
            kind: type of the answer.

        Raises:
            ProblemError: as `RemoteTasks.get`. A redirect keeps the client's parameters.
        """
        url = request.rel_url
        try:
            return await self._remote.get(
                task, url.raw_path, {**query, **_JSON}, kind, client_of_request(request)
            )
        except ProblemError as error:
            if "Location" in error.headers and url.raw_query_string:
                error.headers["Location"] += f"?{url.raw_query_string}"
            raise

    async def get(self, request: web.Request, task: int, path: str, kind: type[_T]) -> _T:
        """Return the answer of a task's owner to another path.

        Raises:
            ProblemError: as `RemoteTasks.get`.
        """
        return await self._remote.get(task, path, _JSON, kind, client_of_request(request))

    async def close(self) -> None:
        """Close the connections to other workers."""
        await self._remote.close()


def is_forwarded(request: web.Request) -> bool:
    """Return whether another worker has forwarded a request. It asks for one task alone."""
    return TASK_HEADER in request.headers


def client_of_request(request: web.Request) -> str:
    """Return the address of the client that waits for an answer, also of a forwarded request."""
    if request.get(FROM_WORKER, False) and is_forwarded(request) and CLIENT_HEADER in request.headers:
        return request.headers[CLIENT_HEADER]
    return client_of(request.remote or "")
