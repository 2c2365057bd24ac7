"""A simulated shop played against the clock: its history at full speed, then what happens as it happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import NamedTuple

import msgspec

from streams.simulator import open_shop, topic_of
from streams.simulator.engine import Event
from streams.simulator.garbage import spoil
from streams.simulator.shop import Shop

#: A round takes about 0.1 s to make: long enough for large batches, short enough for a progress bar.
_ROUND = 5_000
#: What happens live is sent this often, in seconds.
_LIVE_ROUND_SECONDS = 0.1
#: A round of what is paced is at most so long.
_LEAP_SECONDS = 0.5


class Record(NamedTuple):
    """One event, or garbage, on its way to `topic`."""

    topic: str
    customer_id: str
    event_id: str
    value: bytes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is simulated, and how fast.

    Attributes:
        start: when the shop opens.
        end: where the simulation ends; none: it goes on live. Never later than the wall clock.
        scenario: one of `SCENARIOS`, from `since` (see `open_shop`) to `until`.
        since_live: the scenario begins when the history has been played.
        speed: event time's speed while it is behind the wall clock; 0 is as fast as possible.
        paced_from: from when on `speed` holds, if not from the start: what was before is played as fast as
            possible.
        rate: live events a second that a rush brings; 0: none, just what such a shop has.
        garbage: bad records per good one.
    """

    seed: int = 1
    start: datetime
    end: datetime | None = None
    customers: int = 20_000
    scenario: str = "steady"
    since: datetime | None = None
    until: datetime | None = None
    since_live: bool = False
    speed: float = 0.0
    paced_from: datetime | None = None
    rate: float = 0.0
    garbage: float = 0.0
    currencies: tuple[str, ...] = ("USD",)


@dataclass(slots=True)
class Progress:
    """How far it has come: events sent so far, and event times in seconds since the epoch."""

    start: float
    end: float  #: of the history
    at: float
    sent: int = 0
    live: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Events sent a second, so far."""
        return self.sent / max(time.monotonic() - self.began, 1e-9)


Write = Callable[[list[Record]], Awaitable[None]]
Watch = Callable[[Progress], None]


async def play(
    plan: Plan,
    write: Write,
    watch: Watch,
    clock: Callable[[], float] = time.time,
    *,
    keep_up: Callable[[float], Awaitable[object]] | None = None,
) -> Progress:
    """Play `plan` into `write`, telling `watch` after each round; returns at the plan's end, if it has one.

    No event is written before its time by `clock`. From `plan.paced_from` on, until it is live, `keep_up` is
    awaited with the time of the latest event that was written: it may take its time. Cancel it to stop.
    """
    live_from = clock() if plan.end is None else min(plan.end.timestamp(), clock())
    shop = _open(plan, live_from)
    garbage = Random(plan.seed)
    progress = Progress(start=plan.start.timestamp(), end=live_from, at=plan.start.timestamp())
    latest = progress.at
    for until in _horizons(plan, progress, clock):
        events = shop.run(until)
        while batch := list(islice(events, _ROUND)):
            await write(list(_records(batch, plan.garbage, garbage)))
            progress.sent += len(batch)
            progress.at = latest = batch[-1][0] / 1000
            watch(progress)
        progress.at = until
        progress.live = plan.end is None and until >= live_from
        watch(progress)
        if keep_up is not None and plan.paced_from is not None and progress.sent and not progress.live:
            await keep_up(latest)
        await asyncio.sleep(_LIVE_ROUND_SECONDS if progress.live or plan.speed else 0)
    return progress


def _open(plan: Plan, live_from: float) -> Shop:
    end = datetime.fromtimestamp(live_from, UTC)
    shop = open_shop(
        plan.seed,
        plan.start,
        end,
        plan.customers,
        plan.scenario,
        since=end if plan.since_live else plan.since,
        until=plan.until,
        currencies=plan.currencies,
    )
    if plan.end is None and plan.rate:
        shop.rush(live_from, plan.rate)
    return shop


def _horizons(plan: Plan, progress: Progress, clock: Callable[[], float]) -> Iterator[float]:
    """The moments up to which to play: each no later than the clock, the last one the plan's end."""
    paced_from = progress.start
    if plan.paced_from is not None:
        paced_from = min(plan.paced_from.timestamp(), progress.end)
        yield paced_from
    began = clock()
    reached = paced_from
    while True:
        now = clock() if plan.end is None else progress.end
        if plan.speed:
            paced = paced_from + plan.speed * (clock() - began)
            # Who was kept waiting does not make up for it in one leap.
            now = reached = min(now, paced, reached + plan.speed * _LEAP_SECONDS)
        yield now
        if plan.end is not None and now >= progress.end:
            return


def _records(batch: list[tuple[int, Event]], rate: float, garbage: Random) -> Iterator[Record]:
    for _, event in batch:
        topic, customer = topic_of(event), event["customer_id"]
        yield Record(topic, customer, event["id"], msgspec.json.encode(event))
        if rate and garbage.random() < rate:
            yield Record(topic, customer, event["id"], spoil(event, garbage))
