"""Test the law of restatements: a closed period changes only by facts that are counted, each of them once."""

import random
from collections import Counter, defaultdict

import pytest
from msgspec.structs import replace

from models.schedules.periods import calendars
from tests.support.grouped_histories import grouped_history
from tests.support.simulated_worker import Results, SimulatedWorker
from tests.support.strategies import HOUR

pytestmark = pytest.mark.slow


def by_period(results: Results) -> dict[tuple[str, str], dict[object, str]]:
    """Return kind and label of each period -> its values."""
    found: dict[tuple[str, str], dict[object, str]] = defaultdict(dict)
    for (metric, labels), value in results.items():
        if metric.startswith("retention_period_"):
            period = dict(labels)
            found[period["kind"], period["period"]][metric, labels] = repr(value)
    return found


def counted(worker: SimulatedWorker, now: int) -> Counter[tuple[str, str]]:
    """Return the number of facts that are counted for each period."""
    found: Counter[tuple[str, str]] = Counter()
    for partition in worker.partitions:
        for kind, periods in (partition.evaluate(now).restated or {}).items():
            for label, numbers in periods.items():
                found[kind, label] += sum(numbers)
    return found


@pytest.mark.parametrize("seed", [*range(8), 9])
def test_changed_period_has_a_counted_fact_and_duplicates_none(seed):
    history, rng = grouped_history(seed), random.Random(seed)
    definitions = replace(history.definitions, periods=replace(history.definitions.periods, close_after="1h"))
    events, now = history.events, history.steps[-1].now
    known = rng.randrange(len(events) + 1)
    worker = SimulatedWorker(definitions, history.partitions, seed)
    worker.advance(now)
    for event in events[:known]:
        worker.deliver(event)
    before = by_period(worker.results(now))
    for partition in worker.partitions:
        partition.follow_close(caught_up=False)
        partition.follow_close(caught_up=True)
    worker.commit()
    for number, event in enumerate(events[known:]):
        if number == 3:
            worker.crash(now)
        worker.deliver(event)
    after, counts = by_period(worker.results(now)), counted(worker, now)
    changed = {period for period in after if after[period] != before[period]}
    for calendar in calendars(definitions):
        for number in range(calendar.number(now) - 15, calendar.number(now) + 1):
            period = calendar.period(number)
            name = period.kind, period.label
            if now < period.end + HOUR:
                assert not counts[name]
            elif name in changed:
                assert counts[name]
    for event in rng.sample(events, len(events)):
        worker.deliver(event)
    assert by_period(worker.results(now)) == after
    assert counted(worker, now) == counts
