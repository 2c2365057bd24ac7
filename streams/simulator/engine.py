"""The discrete-event engine of the simulation: its clock, its random generator and its scheduled actions.

Actions wait in one heap, so memory is bounded by the customers and the pending actions, and events are
emitted in the order of their times. All randomness comes from one generator, so the seed determines every
event.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from math import log
from random import Random
from typing import Any, Protocol, TypeVar

from streams.simulator.scenarios import NORMAL, Conditions

Event = dict[str, Any]
T = TypeVar("T")

#: Seconds kept free before an end: events of one action are a millisecond apart and must not pass the end.
_END_MARGIN_SECONDS = 0.01


class Identity(Protocol):
    """The customer of an event.

    Attributes:
        id: customer id.
        erased: whether the customer was erased.
        variants: experiment -> variant; None outside the experiment.
    """

    id: str
    erased: bool
    variants: dict[str, str] | None


class World:
    """Clock, random generator and scheduled actions of one simulation.

    Args:
        seed: seed of the random generator.
        start: first time, seconds since the epoch.
        key: part of every id, which distinguishes the ids of different simulations.

    Attributes:
        now: current time, seconds since the epoch.
        random: the random generator.
        conditions: conditions under which the shop runs.
        key: part of every id.
    """

    def __init__(self, seed: int, start: float, key: str) -> None:
        self.now = start
        self.random = Random(seed)
        self.conditions: Conditions = NORMAL
        self.key = key
        self._scheduled_actions: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._action_count = 0
        self._ids = 0
        self._emitted: list[tuple[int, Event]] = []
        self._last_ms = 0

    def at(self, time: float, action: Callable[..., object], *args: object) -> None:
        """Schedule `action(*args)`.

        Args:
            time: time of the action, seconds since the epoch; a past time means now.
            action: the action.
            args: its arguments.
        """
        self._action_count += 1
        heappush(self._scheduled_actions, (max(time, self.now), self._action_count, action, args))

    def after(self, seconds: float, action: Callable[..., object], *args: object) -> None:
        """Schedule `action(*args)` in `seconds` seconds.

        Args:
            seconds: seconds from now.
            action: the action.
            args: its arguments.
        """
        self._action_count += 1
        heappush(self._scheduled_actions, (self.now + seconds, self._action_count, action, args))

    def new_id(self, prefix: str) -> str:
        """Return an id that is unique in this simulation, such as `o-3f2a-1b0`."""
        self._ids += 1
        return f"{prefix}-{self.key}-{self._ids:x}"

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`, all equally probable."""
        return options[int(self.random.random() * len(options))]

    def lognormal(self, median: float, sigma: float) -> float:
        """Return a lognormal random number, such as a duration.

        Args:
            median: median of the distribution.
            sigma: standard deviation of the logarithm.
        """
        return self.random.lognormvariate(log(median), sigma)

    def emit(self, kind: str, customer: Identity, /, **fields: object) -> None:
        """Emit an event at the current time. Erased customers have no events.

        Event times are whole milliseconds and strictly increase.

        Args:
            kind: event type.
            customer: customer of the event.
            fields: further fields of the event.
        """
        if customer.erased:
            return
        milliseconds = max(int(self.now * 1000), self._last_ms + 1)
        self._last_ms = milliseconds
        event: Event = {
            "id": self.new_id("e"),
            "type": kind,
            "time": timestamp(milliseconds),
            "customer_id": customer.id,
            **fields,
        }
        if customer.variants is not None:
            event["experiments"] = customer.variants
        self._emitted.append((milliseconds, event))

    def run(self, until: float) -> Iterator[tuple[int, Event]]:
        """Yield pairs of a time, milliseconds since the epoch, and an event, in the order of time.

        A later call with a later `until` continues where this one stopped.

        Args:
            until: time up to which to run, seconds since the epoch.
        """
        actions, emitted = self._scheduled_actions, self._emitted
        while actions and actions[0][0] <= until - _END_MARGIN_SECONDS:
            self.now, _, action, args = heappop(actions)
            action(*args)
            if emitted:
                yield from emitted
                emitted.clear()


def timestamp(milliseconds: int) -> str:
    """Return a time, milliseconds since the epoch, in RFC 3339 and UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
