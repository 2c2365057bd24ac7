"""Run a worker in the foreground: check the topics, bind the port, obey signals, report how it ended."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from typing import Any

from aiokafka.errors import KafkaError

from streams.config.extras import require_sentiment
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.http.server import Server
from streams.ingest import input_topics
from streams.kafka import acls, admin, ownership
from streams.kafka.topics import ensure, partition_counts, required_by
from streams.worker.build import build_worker
from streams.worker.worker import Worker

log = logging.getLogger(__name__)

#: Time for the last transactions. Records that are not committed then are read again by the next owner.
_STOP_SECONDS = 15.0


def run_worker(settings: Settings) -> None:
    """Run one worker until SIGTERM or SIGINT.

    Raises:
        RetentionError: the worker could not start, or could not go on.
    """
    require_sentiment()
    # Rows are bytes and claims hold no cycles. The default of the cycle collector, a run after every 700 new
    # objects, would find nothing and take a sixth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_on_loop_exception)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    partitions = await prepare_topics(settings)
    # The port is known once the server has started; the address is read when the worker joins its group.
    worker = build_worker(settings, partitions, lambda: server.address)
    server = Server(worker, settings.host, settings.port)
    await server.start()
    log.info("group %s on Kafka at %s; the metrics are at %s", settings.group, settings.broker, server.url)
    if worker.read_model is not None:
        worker.read_model.start()
    try:
        await _run_until(worker, stop)
    finally:
        if worker.read_model is not None:
            await worker.read_model.stop()
        await server.stop()


def _on_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep futures that aiokafka never awaits out of the log. Their errors are raised elsewhere too."""
    if isinstance(context.get("exception"), KafkaError):
        log.debug("%s", context["message"], exc_info=context["exception"])
    else:
        loop.default_exception_handler(context)


async def prepare_topics(settings: Settings) -> dict[str, int]:
    """Create missing topics, and check access rights and partition counts.

    Args:
        settings: validated settings.

    Returns:
        Topic -> number of partitions, of all topics that a worker reads or writes.

    Raises:
        BrokerUnavailable: no Kafka responds.
        AccessDenied: Kafka rejects the login, or lacks a right that a worker needs.
        TopicsMissing: topics are missing, and the settings forbid to create them.
        InputsMissing: an input that another program creates is missing.
        PartitionsChanged: an internal topic has another number of partitions than the setting.
        TopicsOwned: another group owns the derived topics.
    """
    topics = required_by(settings)
    async with admin.connect(settings) as client:
        await acls.require(client, acls.worker_acls(settings))
        await ownership.require(client, settings)
        counts = await ensure(client, topics, replication=settings.replication, create=settings.create_topics)
        there = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
        found = input_topics.resolved(settings, there)
        await acls.require(client, acls.reader_acls(found))
        return counts | await partition_counts(client, found)


async def _run_until(worker: Worker, stop: asyncio.Event) -> None:
    app = worker.app
    starting = asyncio.create_task(app.start())
    stopping = asyncio.create_task(stop.wait())
    crashed = asyncio.create_task(app.wait_until_crashed())
    waiting = {starting, stopping, crashed}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if starting.done() and starting.exception() is None:
        await asyncio.wait(waiting - {starting}, return_when=asyncio.FIRST_COMPLETED)
    reason = app.crash_reason or (starting.exception() if starting.done() else None)
    log.info("stopping")
    await _stop(worker, reason)
    for task in waiting:
        task.cancel()
    reason = reason or worker.stop_error
    if reason:
        if isinstance(reason, RetentionError):
            raise reason
        raise RetentionError(f"the worker stopped: {reason!r}", "its log says why") from reason


async def _stop(worker: Worker, reason: BaseException | None) -> None:
    """Shut down gracefully; exit after a timeout, since Faust and aiokafka would wait for Kafka for ever."""
    stopping = asyncio.create_task(worker.app.stop())
    await asyncio.wait([stopping], timeout=_STOP_SECONDS)
    if not stopping.done():
        if worker.committed:
            log.warning("everything is committed; the group did not respond within %g s", _STOP_SECONDS)
        else:
            log.error("Kafka did not answer within %g s; stopping without it; nothing is lost", _STOP_SECONDS)
        if reason is not None:
            log.error("the worker stopped: %s", reason)
        os._exit(_exit_code(worker, reason))
    with contextlib.suppress(asyncio.CancelledError):
        stopping.result()


def _exit_code(worker: Worker, reason: BaseException | None) -> int:
    if isinstance(reason, RetentionError):
        return reason.exit_code
    return 0 if reason is None and worker.committed else 1
