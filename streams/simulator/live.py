"""Play a simulated shop in real time: its history at full speed, then live events."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import NamedTuple

import msgspec

from models.definitions.schedules import Schedule
from streams.simulator import open_shop, topic_of
from streams.simulator.engine import Event
from streams.simulator.garbage import spoil
from streams.simulator.shop import Shop

#: Events in a round. It takes about 0.1 s: enough for large batches, and for a smooth progress bar.
_ROUND_EVENTS = 5_000
#: Seconds between two rounds of live events.
_LIVE_ROUND_SECONDS = 0.1
#: Maximum length of a paced round, seconds of real time.
_MAX_STEP_SECONDS = 0.5


class Record(NamedTuple):
    """A record to write.

    Attributes:
        topic: input topic.
        customer_id: customer of the event.
        event_id: id of the event.
        value: the event as JSON, or an invalid record.
    """

    topic: str
    customer_id: str
    event_id: str
    value: bytes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The parameters of a simulation and its speed.

    Attributes:
        seed: seed of the random generator.
        start: opening of the shop.
        end: end of the simulation, not later than the wall clock; None continues live.
        customers: customers who come within 18 months.
        scenario: key of `SCENARIOS`.
        since: begin of the scenario; None is the default of `open_shop`.
        until: end of the scenario; None is never.
        since_live: whether the scenario begins at the end of the history.
        speed: seconds of event time per second while the history is played; 0 is as fast as possible.
        paced_from: time from which `speed` applies; None is `start`. Earlier events are played at full speed.
        rate: live events a second that a rush adds; 0 adds none.
        garbage: invalid records per valid one.
        currencies: currencies of the orders; the first ones are the most frequent.
        hours: hours in which support agents work; None is any hour.
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
    hours: Schedule | None = None


@dataclass(slots=True)
class Progress:
    """Progress of a simulation.

    Attributes:
        start: opening of the shop, seconds since the epoch.
        end: end of the history, seconds since the epoch.
        at: event time reached, seconds since the epoch.
        sent: number of events written.
        live: whether the history has been played.
        began: start of the simulation, seconds of the monotonic clock.
    """

    start: float
    end: float
    at: float
    sent: int = 0
    live: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Mean number of events written per second."""
        return self.sent / max(time.monotonic() - self.began, 1e-9)


Write = Callable[[list[Record]], Awaitable[None]]
OnProgress = Callable[[Progress], None]


async def play(
    plan: Plan,
    write: Write,
    on_progress: OnProgress,
    clock: Callable[[], float] = time.time,
    *,
    keep_up: Callable[[float], Awaitable[object]] | None = None,
) -> Progress:
    """Play a plan, and return the progress at its end. A plan without an end runs until it is cancelled.

    No event is written before its time.

    Args:
        plan: what to simulate.
        write: writes records.
        on_progress: called after each round.
        clock: wall clock, seconds since the epoch.
        keep_up: awaited after each paced round with the time of the latest written event, seconds since the
            epoch. The next round starts when it returns.
    """
    live_from = clock() if plan.end is None else min(plan.end.timestamp(), clock())
    shop = _open(plan, live_from)
    garbage = Random(plan.seed)
    progress = Progress(start=plan.start.timestamp(), end=live_from, at=plan.start.timestamp())
    latest = progress.at
    for until in _round_ends(plan, progress, clock):
        events = shop.run(until)
        while batch := list(islice(events, _ROUND_EVENTS)):
            await write(list(_records(batch, plan.garbage, garbage)))
            progress.sent += len(batch)
            progress.at = latest = batch[-1][0] / 1000
            on_progress(progress)
        progress.at = until
        progress.live = plan.end is None and until >= live_from
        on_progress(progress)
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
        hours=plan.hours,
    )
    if plan.end is None and plan.rate:
        shop.rush(live_from, plan.rate)
    return shop


def _round_ends(plan: Plan, progress: Progress, clock: Callable[[], float]) -> Iterator[float]:
    """Yield the times up to which to play, seconds since the epoch; none is later than the clock."""
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
            # After a delay, the pace stays the same: no step is longer than the maximum.
            now = reached = min(now, paced, reached + plan.speed * _MAX_STEP_SECONDS)
        yield now
        if plan.end is not None and now >= progress.end:
            return


def _records(batch: list[tuple[int, Event]], rate: float, garbage: Random) -> Iterator[Record]:
    for _, event in batch:
        topic, customer = topic_of(event), event["customer_id"]
        yield Record(topic, customer, event["id"], msgspec.json.encode(event))
        if rate and garbage.random() < rate:
            yield Record(topic, customer, event["id"], spoil(event, garbage))
