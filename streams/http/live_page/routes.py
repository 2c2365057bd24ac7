"""The routes of the live page, its event stream, and `/metrics.json`."""

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
from streams.config.missing_token import MissingToken
from streams.http.api import formats, parameters
from streams.http.client_address import client_of
from streams.http.live_page.event_stream import EventStream
from streams.http.live_page.firing_alerts import Alerts
from streams.http.live_page.listeners import MAX_LISTENERS, Listener, Listeners
from streams.http.live_page.metrics_view import MetricsView, Series
from streams.http.live_page.worker_stats import Observed, WorkerStats
from streams.kafka.topics import METRICS

log = logging.getLogger(__name__)

_FILES = Path(__file__).parent / "static"
_UPDATE_SECONDS = 1.0
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
#: `X-Accel-Buffering` makes a proxy forward each event at once.
_STREAM_HEADERS = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


class LivePage:
    """Serves `/`, `/stream` and `/metrics.json`.

    Args:
        worker: the worker whose state is shown.
        client_options: connection options of aiokafka's clients.
        definitions: the shop's definitions.
        clock: source of `now`, `wall` or `event`.
        prometheus: URL of the Prometheus whose alerts are shown. None shows no alerts.
        topic: topic of the current series.
        missing_token: behaviour of a worker without a token, which the page shows; None with a token.
    """

    def __init__(
        self,
        worker: Observed,
        client_options: Mapping[str, Any],
        definitions: Definitions,
        clock: str,
        prometheus: str | None = None,
        *,
        topic: str = METRICS,
        missing_token: MissingToken | None = None,
    ) -> None:
        self._definitions = definitions
        self._metrics_view = MetricsView(client_options, topic)
        self._alerts = Alerts(prometheus)
        self._event_stream = EventStream(
            self._metrics_view,
            WorkerStats(worker),
            definitions,
            clock,
            self._alerts,
            missing_token=missing_token,
        )
        self._listeners = Listeners()
        self._updating: asyncio.Task[None] | None = None

    @property
    def series(self) -> Series:
        """The current series."""
        return self._metrics_view.series

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application, and run with it from its start to its shutdown."""
        app.router.add_get("/", self._page)
        app.router.add_get("/stream", self._stream, allow_head=False)  # it would never end
        app.router.add_get("/metrics.json", self._metrics)
        app.router.add_static("/page", _FILES)
        app.on_response_prepare.append(_protect)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._stop)

    async def _start(self, _: web.Application) -> None:
        self._metrics_view.start()
        self._alerts.start()
        self._updating = asyncio.create_task(self._send_updates())

    async def _stop(self, _: web.Application) -> None:
        """End the streams, because the server waits for open responses."""
        if self._updating is not None:
            self._updating.cancel()
        self._listeners.disconnect_all()
        await self._alerts.stop()
        await self._metrics_view.stop()

    async def _send_updates(self) -> None:
        while True:
            try:
                event = self._event_stream.update(time.time())
            except Exception:
                log.exception("cannot compute an update of the live page")
            else:
                self._listeners.send(event)
            await asyncio.sleep(_UPDATE_SECONDS)

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(_FILES / "index.html")

    async def _metrics(self, request: web.Request) -> web.Response:
        """Return the records of `retention.metrics` as JSON or CSV; with 503 until the topic has been read.

        Raises:
            ProblemError: 400: the metric or the window is unknown.
        """
        query = parameters.read(SeriesQuery, request.query.items(), self._definitions)
        rows = self._metrics_view.series.select(query.metric, query.window)
        if formats.negotiate(query.format, request.headers.get("Accept", "")) == "json":
            body, content_type = b"[" + b",\n".join(rows) + b"]\n", formats.JSON
        else:
            body, content_type = formats.to_csv(Metric, rows, exact=query.exact), formats.CSV
        return web.Response(
            body=body,
            headers={"Content-Type": content_type, "Vary": "Accept"},
            status=200 if self._metrics_view.complete else 503,
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        listener = self._listeners.add(client_of(request.remote or ""))
        if listener is None:
            raise web.HTTPServiceUnavailable(text=f"{MAX_LISTENERS} browsers are connected already\n")
        response = web.StreamResponse(headers=_STREAM_HEADERS)
        response.force_close()  # the connection ends with the stream
        try:
            await response.prepare(request)
            await self._send(response, listener)
        except ConnectionError:
            pass  # the browser has disconnected
        finally:
            self._listeners.discard(listener)
        return response

    async def _send(self, response: web.StreamResponse, listener: Listener) -> None:
        # No snapshot before the topic has been read: a browser that reconnects keeps what it shows.
        has_snapshot = False
        while True:
            if not has_snapshot and self._event_stream.ready:
                has_snapshot = True
                await response.write(self._event_stream.snapshot())
            event = await listener.events.get()
            if event is None:
                return
            await response.write(event)


async def _protect(_: web.Request, response: web.StreamResponse) -> None:
    """Add headers that allow only the page's own files, and forbid frames."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
