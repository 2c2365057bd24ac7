"""Throttle the repeated log lines of libraries.

While no broker responds, aiokafka logs each attempt of each of its clients in six different messages: 400
lines a second. An operator needs one line now and then, with the reason in it.
"""

import logging
import math
import time
from collections.abc import Callable, Hashable
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError

_LIBRARIES: Final = frozenset({"faust", "mode", "aiokafka"})
_REPEAT_SECONDS: Final = 10.0
#: The election of a leader or coordinator, and a rebalance, end within this time.
_TRANSIENT_SECONDS: Final = 5.0

#: Start of the message that a broker cannot be connected to; it contains the reason.
_REASON: Final = "Unable connect to "
#: Messages that follow from it and lack the reason, as in aiokafka's code.
_WITHOUT_REASON: Final = frozenset(
    {
        "Unable to update metadata from %s",
        "Marking the coordinator dead (node %s)for group %s.",
        "Heartbeat failed for group %s: coordinator (node %s) is either not started or not valid",
        "Heartbeat session expired - marking coordinator dead",
    }
)
#: Messages that matter only if they last.
_TRANSIENT: Final = frozenset(
    {
        "Heartbeat failed for group %s because it is rebalancing",
        "Topic %s is not available during auto-create initialization",
    }
)


class LogThrottle(logging.Filter):
    """Logs each message of a library once in ten seconds, with the number of suppressed lines.

    Messages are the same if the same line of code logs them. All messages about an unavailable broker count
    as one, and the one with the reason is logged. An error that aiokafka retries by itself (a new topic has
    no leader yet) is logged only if it lasts.

    Args:
        clock: returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._logged: dict[Hashable, tuple[float, int]] = {}
        self._retried: dict[Hashable, tuple[float, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        at = self._clock()
        if _is_transient(record) and self._is_recent((record.pathname, record.lineno), at):
            return False
        if not _is_broker_unavailable(record):
            return self._is_due(record, (record.pathname, record.lineno), at)
        if not _is_reason(record) and self._has_logged_reason(at):
            self._suppress(_REASON)
            return False
        return self._is_due(record, _REASON if _is_reason(record) else KafkaConnectionError, at)

    def _is_due(self, record: logging.LogRecord, message: Hashable, at: float) -> bool:
        last, suppressed = self._logged.get(message, (-math.inf, 0))
        if at - last < _REPEAT_SECONDS:
            self._suppress(message)
            return False
        self._logged[message] = (at, 0)
        if suppressed and at - last < 2 * _REPEAT_SECONDS:  # older lines belong to an earlier incident
            record.msg = f"{record.msg} (and {suppressed} more lines about it)"
        return True

    def _suppress(self, message: Hashable) -> None:
        last, suppressed = self._logged[message]
        self._logged[message] = (last, suppressed + 1)

    def _has_logged_reason(self, at: float) -> bool:
        """Return whether the reason was logged lately, with a margin for a line that is a moment late."""
        return at - self._logged.get(_REASON, (-math.inf, 0))[0] < 2 * _REPEAT_SECONDS

    def _is_recent(self, message: Hashable, at: float) -> bool:
        began, latest = self._retried.get(message, (at, at))
        if at - latest > _REPEAT_SECONDS:
            began = at
        self._retried[message] = (began, at)
        return at - began < _TRANSIENT_SECONDS


def _is_broker_unavailable(record: logging.LogRecord) -> bool:
    return (
        _is_reason(record)
        or str(record.msg) in _WITHOUT_REASON
        or any(issubclass(kind, KafkaConnectionError | NodeNotReadyError) for kind in _errors(record))
    )


def _is_reason(record: logging.LogRecord) -> bool:
    return str(record.msg).startswith(_REASON)


def _is_transient(record: logging.LogRecord) -> bool:
    """Return whether aiokafka retries by itself, and a broker responded with the error."""
    return str(record.msg) in _TRANSIENT or any(
        kind.retriable and not issubclass(kind, KafkaConnectionError | NodeNotReadyError)
        for kind in _errors(record)
    )


def _errors(record: logging.LogRecord) -> list[Any]:
    arguments = record.args if isinstance(record.args, tuple) else ()
    kinds: list[Any] = [argument if isinstance(argument, type) else type(argument) for argument in arguments]
    return [kind for kind in kinds if issubclass(kind, KafkaError)]
