"""Jobs that a worker repeats: commit, tick, sample the lag, remove old dead letters, look for new inputs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.faust_engine.app import FaustApp
from streams.ingest import input_topics
from streams.kafka.topics import KEPT_DAYS
from streams.operations import dead_letter_retention
from streams.worker.context import TaskContext

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]


def repeat(app: FaustApp, seconds: float, name: str, job: Job) -> Job:
    """Return a coroutine function that runs a job until the app stops.

    A Kafka error is logged, and the job runs again. Any other error stops the worker.

    Args:
        app: the app that runs the coroutine as a task.
        seconds: pause between two runs.
        name: what the job does, for the log.
        job: the job.
    """

    async def loop() -> None:
        while not app.should_stop:
            try:
                await job()
            except asyncio.CancelledError:
                raise
            except (KafkaError, ProducerSendError) as error:
                log.warning("%s failed: %s; trying again", name, error)
            except Exception as error:  # noqa: BLE001 - `crash` logs it with its traceback
                log.error("%s failed", name)  # noqa: TRY400
                await app.crash(error)
                return
            await app.sleep(seconds)

    return loop


async def remove_old_dead_letters(settings: Settings, context: TaskContext) -> None:
    """Remove the dead letters whose retention has ended."""
    try:
        removed = await dead_letter_retention.remove(
            settings, context.dead_letter_partitions, datetime.now(UTC)
        )
    except RetentionError as error:
        log.warning("old dead letters could not be removed: %s", error.message)
    else:
        if removed:
            log.info("removed %d dead letters older than %d days", removed, KEPT_DAYS)


class InputWatch:
    """Logs new topics that match a pattern of an input. A worker reads them after a restart.

    Args:
        settings: settings with the patterns.
        context: names the inputs that are read.
    """

    def __init__(self, settings: Settings, context: TaskContext) -> None:
        self._settings = settings
        self._known = set(context.inputs)

    async def look(self) -> None:
        """Log the matching topics that appeared since the last look."""
        try:
            appeared = await input_topics.appeared(self._settings, self._known)
        except RetentionError as error:
            log.warning("cannot look for new input topics: %s", error.message)
            return
        for topic in appeared:
            log.warning("topic %s now matches an input pattern; restart the workers to read it", topic)
        self._known.update(appeared)
