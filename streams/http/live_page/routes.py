"""The worker's own page, what feeds it, and the current series as JSON."""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from models.contract.messages import Metric
from models.definitions.definitions import Definitions
from models.query.parameters import SeriesQuery
from streams.http.api import formats, parameters
from streams.http.live_page.event_stream import EventStream
from streams.http.live_page.firing_alerts import Alerts
from streams.http.live_page.metrics_view import MetricsView, Series
from streams.http.live_page.worker_stats import Observed, WorkerStats

log = logging.getLogger(__name__)

_FILES = Path(__file__).parent / "static"
_UPDATE_SECONDS = 1.0
_MOST_LISTENERS = 100
#: Who has not taken so many events is sent away, and begins again with a snapshot.
_MOST_WAITING = 30
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
#: A proxy is to pass on every event as it comes.
_STREAM_HEADERS = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}

_Listener = asyncio.Queue[bytes | None]


class LivePage:
    """Serves `/`, `/stream` and `/metrics.json`.

    Args:
        worker: whose health is shown.
        client_options: how aiokafka's clients reach the broker.
        definitions: the parameters of the metrics.
        clock: what `now` follows.
        prometheus: URL of the one whose alerts are shown; none: no alerts are.
    """

    def __init__(
        self,
        worker: Observed,
        client_options: Mapping[str, Any],
        definitions: Definitions,
        clock: str,
        prometheus: str | None = None,
    ) -> None:
        self._definitions = definitions
        self._follower = MetricsView(client_options)
        self._alerts = Alerts(prometheus)
        self._feed = EventStream(self._follower, WorkerStats(worker), definitions, clock, self._alerts)
        self._listeners: set[_Listener] = set()
        self._updating: asyncio.Task[None] | None = None

    @property
    def series(self) -> Series:
        """The current series."""
        return self._follower.series

    def add_to(self, app: web.Application) -> None:
        """Serve with `app`, from its start to its shutdown."""
        app.router.add_get("/", self._page)
        app.router.add_get("/stream", self._stream, allow_head=False)  # it would never end
        app.router.add_get("/metrics.json", self._metrics)
        app.router.add_static("/page", _FILES)
        app.on_response_prepare.append(_protect)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._stop)

    async def _start(self, _: web.Application) -> None:
        self._follower.start()
        self._alerts.start()
        self._updating = asyncio.create_task(self._send_updates())

    async def _stop(self, _: web.Application) -> None:
        """End the streams: a server waits for what is being answered."""
        if self._updating is not None:
            self._updating.cancel()
        for listener in tuple(self._listeners):
            _dismiss(listener)
        await self._alerts.stop()
        await self._follower.stop()

    async def _send_updates(self) -> None:
        while True:
            try:
                event = self._feed.update(time.time())
            except Exception:
                log.exception("the live page missed an update")
            else:
                self._broadcast(event)
            await asyncio.sleep(_UPDATE_SECONDS)

    def _broadcast(self, event: bytes) -> None:
        for listener in tuple(self._listeners):
            try:
                listener.put_nowait(event)
            except asyncio.QueueFull:
                _dismiss(listener)

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(_FILES / "index.html")

    async def _metrics(self, request: web.Request) -> web.Response:
        """The values of `retention.metrics`, as a list, or as CSV; `?metric=` and `?window=` choose.

        Raises:
            Refusal: 400: there is no such metric, or window.
        """
        asked = parameters.read(SeriesQuery, request.query.items(), self._definitions)
        rows = self._follower.series.chosen(asked.metric, asked.window)
        if formats.wanted(asked.format, request.headers.get("Accept", "")) == "json":
            body, content_type = b"[" + b",\n".join(rows) + b"]\n", formats.JSON
        else:
            body, content_type = formats.as_csv(Metric, rows), formats.CSV
        return web.Response(
            body=body,
            headers={"Content-Type": content_type, "Vary": "Accept"},
            status=200 if self._follower.complete else 503,
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if len(self._listeners) >= _MOST_LISTENERS:
            raise web.HTTPServiceUnavailable(text="too many listen already\n")
        response = web.StreamResponse(headers=_STREAM_HEADERS)
        await response.prepare(request)
        listener = _Listener(_MOST_WAITING)
        self._listeners.add(listener)
        try:
            await self._send(response, listener)
        except ConnectionError:
            pass  # it has gone
        finally:
            self._listeners.discard(listener)
        return response

    async def _send(self, response: web.StreamResponse, listener: _Listener) -> None:
        # Until the topic has been read there is nothing to begin with; who comes back keeps what it shows.
        introduced = False
        while True:
            if not introduced and self._feed.ready:
                introduced = True
                await response.write(self._feed.snapshot())
            event = await listener.get()
            if event is None:
                return
            await response.write(event)


def _dismiss(listener: _Listener) -> None:
    while listener.full():
        listener.get_nowait()
    listener.put_nowait(None)


async def _protect(_: web.Request, response: web.StreamResponse) -> None:
    """Nothing but our own files may run, and nobody may frame them."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
