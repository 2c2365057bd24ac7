"""The probes: whether the worker runs, and whether its numbers are current."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web


class ProbedTasks(Protocol):
    """The tasks of a worker, as the probes see them."""

    @property
    def opening_count(self) -> int:
        """Number of tasks that are being restored."""


class Probed(Protocol):
    """A worker, as the probes see it."""

    @property
    def tasks(self) -> ProbedTasks:
        """The tasks that this worker owns or opens."""

    @property
    def is_ready(self) -> bool:
        """Whether its tasks are restored and have read everything, and Kafka answers."""

    @property
    def kafka_answers(self) -> bool:
        """Whether Kafka has answered recently."""

    def owned(self) -> int:
        """Return the number of its tasks."""


class ProbeResult(NamedTuple):
    """The response to a probe.

    Attributes:
        status: HTTP status.
        body: JSON object.
        content_type: type of the body.
    """

    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"


#: Path -> function that returns the response.
Probes = Mapping[str, Callable[[], ProbeResult]]


def probes_of(worker: Probed) -> Probes:
    """Return the probes of a worker: `/live` and `/ready`."""

    def live() -> ProbeResult:
        """Return 200 as long as the event loop runs."""
        return ProbeResult(HTTPStatus.OK, msgspec.json.encode({"live": True}))

    def ready() -> ProbeResult:
        """Return 200 while every task of this worker is caught up and Kafka answers, 503 else."""
        is_ready = worker.is_ready
        body = {
            "ready": is_ready,
            "kafka": worker.kafka_answers,
            "tasks": worker.owned(),
            "restoring": worker.tasks.opening_count,
        }
        return ProbeResult(
            HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE, msgspec.json.encode(body)
        )

    return {"/live": live, "/ready": ready}


def add_probes(app: web.Application, probes: Probes) -> None:
    """Add the routes of the probes to an application."""
    for path, probe in probes.items():
        app.router.add_get(path, _route(probe))


def _route(probe: Callable[[], ProbeResult]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_: web.Request) -> web.Response:
        result = probe()
        return web.Response(body=result.body, status=result.status, content_type=result.content_type)

    return handle
