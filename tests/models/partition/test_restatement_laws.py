"""Test the law of restatements: a closed period changes only by facts that are counted, each of them once."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.facts.fact import encode_fact
from models.facts.from_events import facts_of
from models.partition import standalone
from models.partition.partition import Addressed, Partition
from models.schedules.periods import calendars
from tests.models.test_laws import THOROUGH
from tests.support.grouped_histories import grouped_history
from tests.support.histories import random_history
from tests.support.simulated_worker import Results, SimulatedWorker
from tests.support.strategies import ANCHOR, DEFINITIONS, HOUR, Event, rfc3339

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


PERIODS = replace(
    DEFINITIONS,
    windows=("1d",),
    channels=("web",),
    periods=PeriodDefinitions(zone="Asia/Kolkata", week_starts="sunday", kinds=PERIOD_KINDS),
)


def facts(events: list[Event]) -> list[Addressed]:
    """Return the facts of events, as a router sends them."""
    return [
        (customer.encode(), fact, encode_fact(fact))
        for event in events
        for customer, fact in facts_of(decode(KINDS[event["type"]], json.dumps(event).encode()), PERIODS)
    ]


def late_and_recent(seed: int) -> tuple[list[Addressed], list[Addressed]]:
    """Return the facts before and after changes count: many of the present, some with the id of another."""
    chance = random.Random(seed)
    history = random_history(seed, customers=6, size=chance.choice([60, 150]), looks=2)
    events = [event for event in history.events if event["time"] <= rfc3339(ANCHOR)]
    known = chance.randrange(len(events))
    for event in events[known:]:
        if chance.random() < 0.6:
            event["time"] = rfc3339(ANCHOR - chance.randrange(100) * HOUR)
        if chance.random() < 0.1:
            event["id"] = chance.choice(events)["id"]
    return facts(events[:known]), facts(events[known:])


def counting(known: list[Addressed]) -> dict[bytes, bytes]:
    """Return the rows of a partition that was caught up after some facts."""
    rows: dict[bytes, bytes] = {}
    partition = Partition(PERIODS, rows)
    partition.advance(ANCHOR)
    partition.process(known)
    for caught_up in (False, True):
        partition.follow_close(caught_up=caught_up)
    partition.take_changes()
    return rows


def changes_by_fact(partition: Partition, arrived: list[Addressed]) -> Iterator[set[tuple[str, int]]]:
    """Process facts one by one, and yield the periods whose sums each of them changes."""
    before = partition.evaluate(ANCHOR).periods.by_name()
    for fact in arrived:
        partition.process([fact])
        after = partition.evaluate(ANCHOR).periods.by_name()
        yield {
            (kind, number)
            for kind in PERIOD_KINDS
            for number in before[kind].keys() | after[kind].keys()
            if before[kind].get(number) != after[kind].get(number)
        }
        before = after


def expected_counts(partition: Partition, arrived: list[Addressed]) -> Counter[tuple[str, str]]:
    """Return kind and label -> facts that change a closed period or the one before, by the sums alone."""
    by_kind = {calendar.kind: calendar for calendar in calendars(PERIODS)}
    found: Counter[tuple[str, str]] = Counter()
    for changed in changes_by_fact(partition, arrived):
        for kind, number in changed | {(kind, number + 1) for kind, number in changed}:
            period = by_kind[kind].period(number)
            if period.end + PERIODS.periods.close_after_us <= ANCHOR:
                found[kind, period.label] += 1
    return found


def counts_of(partition: Partition) -> Counter[tuple[str, str]]:
    restated = partition.evaluate(ANCHOR).restated or {}
    return Counter({(kind, label): sum(each) for kind in restated for label, each in restated[kind].items()})


@pytest.mark.parametrize("seed", range(300 if THOROUGH else 4))
def test_counts_are_those_of_the_sums_live_and_from_a_backlog(seed):
    known, arrived = late_and_recent(seed)
    rows, chance = counting(known), random.Random(seed)
    live, stopped = Partition(PERIODS, dict(rows)), Partition(PERIODS, dict(rows))
    for partition in (live, stopped):
        partition.resume(ANCHOR)
    standalone.build_aggregates(live, ANCHOR)
    expected = expected_counts(live, arrived)
    while arrived:
        batch = chance.randint(1, 40)
        stopped.process(arrived[:batch])
        arrived = arrived[batch:]
    assert counts_of(live) == expected
    assert counts_of(stopped) == expected
