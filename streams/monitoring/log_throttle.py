"""Keeping libraries from saying one thing a thousand times.

While no broker answers, aiokafka says so at each attempt of each of its clients, in half a dozen ways: 400
lines a second. A person needs one, now and then, with the reason in it.
"""

import logging
import math
import time
from collections.abc import Callable, Hashable
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError

_LIBRARIES: Final = frozenset({"faust", "mode", "aiokafka"})
_REPEAT_SECONDS: Final = 10.0
#: What a new topic's leader, a group's coordinator or a rebalance needs to be there is over by then.
_PASSING_SECONDS: Final = 5.0

#: That a broker cannot be connected to, with the reason.
_REFUSED: Final = "Unable connect to "
#: What follows from that, without the reason. As they stand in aiokafka's code.
_FOLLOWING: Final = frozenset(
    {
        "Unable to update metadata from %s",
        "Marking the coordinator dead (node %s)for group %s.",
        "Heartbeat failed for group %s: coordinator (node %s) is either not started or not valid",
        "Heartbeat session expired - marking coordinator dead",
    }
)
#: What is no trouble unless it lasts.
_PASSING: Final = frozenset(
    {
        "Heartbeat failed for group %s because it is rebalancing",
        "Topic %s is not available during auto-create initialization",
    }
)


class LogThrottle(logging.Filter):
    """Lets a library say the same thing once in ten seconds, and then how often it would have.

    The same thing is what the same line of code says. That a broker is away is one thing, whoever says it;
    the line that has the reason is said. What Kafka answered and aiokafka tries again by itself (a topic made
    a moment ago has no leader yet) is said only where it lasts.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[Hashable, tuple[float, int]] = {}
        self._tried: dict[Hashable, tuple[float, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let a record pass."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        at = self._clock()
        if _is_passing(record) and self._is_young((record.pathname, record.lineno), at):
            return False
        if not _is_of_a_broker_away(record):
            return self._is_due(record, (record.pathname, record.lineno), at)
        if not _is_reason(record) and self._has_said_why(at):
            self._hold(_REFUSED)
            return False
        return self._is_due(record, _REFUSED if _is_reason(record) else KafkaConnectionError, at)

    def _is_due(self, record: logging.LogRecord, what: Hashable, at: float) -> bool:
        last, held = self._said.get(what, (-math.inf, 0))
        if at - last < _REPEAT_SECONDS:
            self._hold(what)
            return False
        self._said[what] = (at, 0)
        if held and at - last < 2 * _REPEAT_SECONDS:  # else they were of another time
            record.msg = f"{record.msg} (and {held} more lines about it)"
        return True

    def _hold(self, what: Hashable) -> None:
        last, held = self._said[what]
        self._said[what] = (last, held + 1)

    def _has_said_why(self, at: float) -> bool:
        """Whether the reason was said lately; the next time that it is due, it may be a moment late."""
        return at - self._said.get(_REFUSED, (-math.inf, 0))[0] < 2 * _REPEAT_SECONDS

    def _is_young(self, what: Hashable, at: float) -> bool:
        began, latest = self._tried.get(what, (at, at))
        if at - latest > _REPEAT_SECONDS:
            began = at
        self._tried[what] = (began, at)
        return at - began < _PASSING_SECONDS


def _is_of_a_broker_away(record: logging.LogRecord) -> bool:
    return (
        _is_reason(record)
        or str(record.msg) in _FOLLOWING
        or any(issubclass(kind, KafkaConnectionError | NodeNotReadyError) for kind in _errors(record))
    )


def _is_reason(record: logging.LogRecord) -> bool:
    return str(record.msg).startswith(_REFUSED)


def _is_passing(record: logging.LogRecord) -> bool:
    """Whether aiokafka tries again by itself, and a broker was there to say what is amiss."""
    return str(record.msg) in _PASSING or any(
        kind.retriable and not issubclass(kind, KafkaConnectionError | NodeNotReadyError)
        for kind in _errors(record)
    )


def _errors(record: logging.LogRecord) -> list[Any]:
    arguments = record.args if isinstance(record.args, tuple) else ()
    kinds: list[Any] = [argument if isinstance(argument, type) else type(argument) for argument in arguments]
    return [kind for kind in kinds if issubclass(kind, KafkaError)]
