"""Requests for tasks of other workers, which are forwarded to the owner."""

from collections.abc import Mapping

from aiohttp import web

from streams.http.api import formats
from streams.http.api.local_tasks import LocalTasks
from streams.http.api.remote_tasks import TASK_HEADER, RemoteResponse, RemoteTasks


class Forwarder:
    """Forwards requests to the owners of tasks.

    Args:
        local: this worker's tasks.
        remote: the tasks of the other workers.
    """

    def __init__(self, local: LocalTasks, remote: RemoteTasks) -> None:
        self._local = local
        self._remote = remote

    def is_remote(self, task: int, request: web.Request) -> bool:
        """Return whether another worker has to answer. A forwarded request is never forwarded again."""
        return not is_forwarded(request) and not self._local.owns(task)

    async def forward(self, request: web.Request, task: int, query: Mapping[str, str]) -> RemoteResponse:
        """Return the response of a task's owner to a request with other query parameters.

        Args:
            request: the client's request.
            task: number of the task.
            query: query parameters.

        Raises:
            ProblemError: 502 or 503: the owner cannot answer.
        """
        accepted = formats.negotiate(None, request.headers.get("Accept", ""))
        # The owner's Location and Link go to the client, so the URL contains only what the client sent.
        parameters = {} if accepted == "json" else {"format": accepted}
        return await self.get(request, task, request.rel_url.raw_path, {**parameters, **query})

    async def get(
        self, request: web.Request, task: int, path: str, query: Mapping[str, str]
    ) -> RemoteResponse:
        """Return the response of a task's owner to another path, with the client's token.

        Raises:
            ProblemError: 502 or 503: the owner cannot answer.
        """
        return await self._remote.get(task, path, query, request.headers.get("Authorization"))

    async def close(self) -> None:
        """Close the connections to other workers."""
        await self._remote.close()


def is_forwarded(request: web.Request) -> bool:
    """Return whether another worker has forwarded a request. It asks for one task alone."""
    return TASK_HEADER in request.headers
