"""The simulated world's clock, luck and voice: what happens next, and what is said about it.

One heap of what is to come, so that memory is bounded by customers and things in flight, and events come out
in the order of their time. Everything random comes from one generator, so a seed decides everything.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from math import log
from random import Random
from typing import Any, Protocol, TypeVar

from streams.simulator.scenarios import NORMAL, Causes

Event = dict[str, Any]
T = TypeVar("T")

#: Seconds kept free before an end, so that what is said in one breath, a millisecond apart, is not after it.
_GRAIN = 0.01


class Identity(Protocol):
    """Whoever an event is about."""

    id: str
    erased: bool
    variants: dict[str, str] | None


class World:
    """Time in seconds since the epoch, UTC; `key` makes the ids of different runs differ."""

    def __init__(self, seed: int, start: float, key: str) -> None:
        self.now = start
        self.random = Random(seed)
        self.causes: Causes = NORMAL
        self.key = key
        self._to_come: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._scheduled = 0
        self._ids = 0
        self._said: list[tuple[int, Event]] = []
        self._last_ms = 0

    def at(self, time: float, action: Callable[..., object], *args: object) -> None:
        """Have `action(*args)` happen at `time`, or now where that is past."""
        self._scheduled += 1
        heappush(self._to_come, (max(time, self.now), self._scheduled, action, args))

    def after(self, seconds: float, action: Callable[..., object], *args: object) -> None:
        """Have `action(*args)` happen `seconds` from now."""
        self._scheduled += 1
        heappush(self._to_come, (self.now + seconds, self._scheduled, action, args))

    def new_id(self, prefix: str) -> str:
        """An id that this run gives to nothing else, such as `o-3f2a-1b0`."""
        self._ids += 1
        return f"{prefix}-{self.key}-{self._ids:x}"

    def chance(self, probability: float) -> bool:
        """Whether luck has it so."""
        return self.random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of `options`, each as probable as any other."""
        return options[int(self.random.random() * len(options))]

    def lognormal(self, median: float, sigma: float) -> float:
        """A duration around `median`, with a long tail to the right."""
        return self.random.lognormvariate(log(median), sigma)

    def say(self, kind: str, who: Identity, /, **fields: object) -> None:
        """Emit an event of type `kind` about `who`, now. Nothing is said about the erased.

        Times are in whole milliseconds and strictly increase: what happens next is later.
        """
        if who.erased:
            return
        milliseconds = max(int(self.now * 1000), self._last_ms + 1)
        self._last_ms = milliseconds
        event: Event = {
            "id": self.new_id("e"),
            "type": kind,
            "time": timestamp(milliseconds),
            "customer_id": who.id,
            **fields,
        }
        if who.variants is not None:
            event["experiments"] = who.variants
        self._said.append((milliseconds, event))

    def run(self, until: float) -> Iterator[tuple[int, Event]]:
        """What is said up to `until`, as (milliseconds since the epoch, event), in the order of time.

        Can be called again with a later `until`, and goes on where it stopped.
        """
        to_come, said = self._to_come, self._said
        while to_come and to_come[0][0] <= until - _GRAIN:
            self.now, _, action, args = heappop(to_come)
            action(*args)
            if said:
                yield from said
                said.clear()


def timestamp(milliseconds: int) -> str:
    """RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
