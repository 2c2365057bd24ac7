"""Logs for people, or as JSON for machines. Customer ids are in neither: they are personal data."""

import json
import logging
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from aiokafka.errors import KafkaConnectionError, KafkaError

Format = Literal["text", "json"]

#: What they say at INFO is theirs to know: each service's start and stop, each fetch, each schema asked for.
_QUIET = (
    "faust",
    "mode",
    "aiokafka",
    "httpx2",
    "streams.app",
    "streams.transport",
    "streams.table",
    "asyncio",
)
_LIBRARIES = frozenset({"faust", "mode", "aiokafka"})
_REPEAT_SECONDS = 10.0
#: What a new topic's leader, or a group's coordinator, needs to be there is over by then.
_PASSING_SECONDS = 5.0


class Repetition(logging.Filter):
    """Lets a library say the same thing once in ten seconds, and then how often it would have.

    While no broker answers, each of aiokafka's clients says so at each attempt: 100 lines a second. What
    Kafka answered and aiokafka tries again by itself (a topic made a moment ago has no leader yet) is said
    only where it lasts.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, int], tuple[float, int]] = {}
        self._tried: dict[tuple[str, int], tuple[float, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let a record pass. The same thing is what the same line of code says."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        place, at = (record.pathname, record.lineno), self._clock()
        if _is_tried_again(record) and self._is_passing(place, at):
            return False
        last, held = self._said.get(place, (-math.inf, 0))
        if at - last < _REPEAT_SECONDS:
            self._said[place] = (last, held + 1)
            return False
        self._said[place] = (at, 0)
        if held:
            record.msg = f"{record.msg} (and {held} more like this)"
        return True

    def _is_passing(self, place: tuple[str, int], at: float) -> bool:
        began, latest = self._tried.get(place, (at, at))
        if at - latest > _REPEAT_SECONDS:
            began = at
        self._tried[place] = (began, at)
        return at - began < _PASSING_SECONDS


def _is_tried_again(record: logging.LogRecord) -> bool:
    arguments = record.args if isinstance(record.args, tuple) else ()
    kinds: list[Any] = [argument if isinstance(argument, type) else type(argument) for argument in arguments]
    errors = [kind for kind in kinds if issubclass(kind, KafkaError)]
    return any(error.retriable and not issubclass(error, KafkaConnectionError) for error in errors)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Give a record's time, level, logger and message, and its traceback if it has one."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(log_format: Format, level: str) -> None:
    """Log to standard error, from `level` on; libraries from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level.upper() != "DEBUG":
        handler.addFilter(Repetition())
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
