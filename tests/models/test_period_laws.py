"""Test the laws of closed periods: each change of one is counted, and each fact once.

`tests.models.test_laws` compares the values of periods with the oracle.
"""

import pytest
from msgspec.structs import replace

from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.metrics.periods import PeriodTotals
from models.metrics.totals import Totals
from models.schedules.periods import Period, calendars
from tests.models.test_laws import THOROUGH
from tests.support.histories import random_history
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import ANCHOR, DAY, DEFINITIONS, Event, rfc3339

pytestmark = pytest.mark.slow

PERIODS = replace(
    DEFINITIONS,
    windows=("1d",),
    channels=("web",),
    periods=PeriodDefinitions(zone="Asia/Kolkata", week_starts="sunday", kinds=PERIOD_KINDS),
)


def evaluated(worker: SimulatedWorker) -> PeriodTotals:
    """Return the periods at the clock, and count what follows, as a worker that is caught up does."""
    worker.advance(ANCHOR)
    worker.deliver_messages()
    partials = [each.evaluate(ANCHOR) for each in worker.partitions]
    for each in worker.partitions:
        each.follow_close(caught_up=True)
    return PeriodTotals(Totals(partials, PERIODS, ANCHOR))


def caught_up(events: list[Event], partitions: int, seed: int) -> tuple[SimulatedWorker, PeriodTotals]:
    """Return a worker after some events, from which on facts count, and its periods."""
    worker = SimulatedWorker(PERIODS, partitions, seed)
    for event in events:
        worker.deliver(event)
    evaluated(worker)
    periods = evaluated(worker)
    worker.commit()
    return worker, periods


def deliver(worker: SimulatedWorker, events: list[Event]) -> None:
    """Deliver events, with a commit after every 25th, and a crash 20 events after every other commit."""
    for number, event in enumerate(events):
        if number % 50 == 45:
            worker.crash(ANCHOR)
        worker.deliver(event)
        if number % 25 == 24:
            worker.commit()


def values(periods: PeriodTotals, period: Period) -> str:
    return repr([(each.metric, each.labels, each.value, each.denominator) for each in periods.values(period)])


@pytest.mark.parametrize("seed", range(200 if THOROUGH else 2))
def test_no_closed_period_changes_without_a_counted_fact(seed):
    history = random_history(seed, customers=10, size=400, looks=3, identities=True)
    events = [event for event in history.events if event["time"] <= rfc3339(ANCHOR)]
    worker, before = caught_up(events[::2], history.partitions, seed)
    deliver(worker, events[1::2])
    after = evaluated(worker)
    closed = before.freezable()
    changed = {period for period in closed if values(before, period) != values(after, period)}
    assert len(changed) > len(closed) // 4
    assert [period.label for period in changed if not after.changes(period)] == []


def test_facts_are_counted_once_over_crashes():
    worker, before = caught_up([], 3, 1)
    times = [ANCHOR - number * 9 * DAY // 4 for number in range(100)]
    late = [
        {"id": f"e{number}", "type": "order.placed", "time": rfc3339(time), "customer_id": f"c{number}",
         "order_id": f"o{number}", "amount": 100, "currency": "USD"}
        for number, time in enumerate(times)
    ]  # fmt: skip
    deliver(worker, late + late[::3])
    after = evaluated(worker)
    for period in before.freezable():
        [calendar] = [each for each in calendars(PERIODS) if each.kind == period.kind]
        begin = calendar.begins[period.number - 1]
        number = sum(begin <= time < period.end for time in times)
        assert after.changes(period) == ({"late": number} if number else {}), period
