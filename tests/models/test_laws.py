"""The laws: numbers are a function of the set of events and of the clock, of nothing else.

In whatever order events come, with duplicates, split over partitions, with evaluations in between and after
crashes, the core and the oracle give the same numbers. `LAWS=thorough` runs many times more examples.
"""

import gc
import json
import math
import os
import random
import zlib
from collections import deque

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.customers import cache
from models.definitions.definitions import Definitions
from models.facts import log_pages
from models.facts.fact import decode_fact, encode_fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition import partition
from models.partition.metadata import METADATA_KEY
from tests.oracle import Expected, Series, oracle
from tests.support.histories import random_history
from tests.support.strategies import (
    ANCHOR,
    DAY,
    DEFINITIONS,
    HOUR,
    MINUTE,
    TIGHT,
    Event,
    History,
    Step,
    edges,
    event_sets,
    histories,
    rfc3339,
)

pytestmark = pytest.mark.slow

THOROUGH = os.environ.get("LAWS") == "thorough"
laws = settings(
    max_examples=4000 if THOROUGH else 45,
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)

#: Not functions of the events: the publishing worker emits them.
OF_THE_WORKER = {"retention_as_of_timestamp_seconds", "retention_caught_up"}
Results = dict[Series, Expected]


class SimulatedWorker:
    """Partitions with a changelog each, and the roll-up, without Kafka.

    Messages between partitions are delayed. They keep their order between the same two partitions only.
    """

    def __init__(self, definitions: Definitions, partitions: int, seed: int = 0) -> None:
        gc.collect()  # the partitions of the last worker: reference cycles with large tables
        self.definitions = definitions
        self.changelogs: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
        self.partitions = [partition.Partition(definitions, {}) for _ in range(partitions)]
        self.uncommitted: list[Event] = []
        self.chance = random.Random(seed)
        self.in_transit: dict[tuple[int, int], deque[tuple[str, bytes]]] = {}
        self.committed: dict[tuple[int, int], list[tuple[str, bytes]]] = {}

    def deliver(self, event: Event) -> None:
        decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
        for customer, fact in facts_of(decoded, self.definitions):
            self.process(self.home(customer), customer, encode_fact(fact))
        self.uncommitted.append(event)
        self.deliver_messages(self.chance.choice([0, 0, 1, 3]))

    def process_batch(self, events: list[Event]) -> None:
        """Process events in one batch for each partition, as from a poll."""
        batches: dict[int, list[partition.Addressed]] = {}
        for event in events:
            decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
            for customer, fact in facts_of(decoded, self.definitions):
                batch = batches.setdefault(self.home(customer), [])
                batch.append((customer.encode(), fact, encode_fact(fact)))
        for number, batch in batches.items():
            self.partitions[number].process(batch)
        self.uncommitted += events
        self.deliver_messages(self.chance.choice([0, 0, 1, 3]))

    def home(self, customer: str) -> int:
        return zlib.crc32(customer.encode()) % len(self.partitions) if customer else 0

    def process(self, number: int, customer: str, encoded: bytes) -> None:
        self.partitions[number].process([(customer.encode(), decode_fact(encoded), encoded)])

    def deliver_messages(self, limit: int | None = None) -> None:
        """Deliver at most `limit` of the messages in transit; all of them without a limit."""
        self.collect()
        while self.in_transit and limit != 0:
            way = self.chance.choice(list(self.in_transit))
            messages = self.in_transit[way]
            self.process(way[1], *messages.popleft())
            if not messages:
                del self.in_transit[way]
            self.collect()
            limit = None if limit is None else limit - 1

    def collect(self) -> None:
        for number, part in enumerate(self.partitions):
            for to, fact in part.drain_messages():
                homes = range(len(self.partitions)) if to is None else [self.home(to)]
                for home in homes:
                    self.in_transit.setdefault((number, home), deque()).append((to or "", encode_fact(fact)))

    def advance(self, now: int) -> None:
        for part in self.partitions:
            part.advance(now)

    def commit(self) -> None:
        """Write changed rows to the changelogs, with the messages in transit."""
        self.collect()
        for part, changelog in zip(self.partitions, self.changelogs, strict=True):
            for key, row in part.take_changes().items():
                if row is None:
                    changelog.pop(key, None)
                else:
                    changelog[key] = bytes(row)
        self.committed = {way: list(messages) for way, messages in self.in_transit.items()}
        self.uncommitted.clear()

    def crash(self, now: int) -> None:
        """Restore all partitions from the changelogs, and deliver the events since the last commit again."""
        for number, changelog in enumerate(self.changelogs):
            self.partitions[number] = partition.Partition(self.definitions, {})
            for key, row in changelog.items():
                self.partitions[number].load(key, row)
            self.partitions[number].resume(now)
        self.in_transit = {way: deque(messages) for way, messages in self.committed.items()}
        again, self.uncommitted = self.uncommitted, []
        # Half of them arrive in bootstrap mode.
        self.process_batch(again[::2])
        for part in self.partitions:
            for _ in part.build_aggregates():
                pass
            self.deliver_messages(self.chance.choice([0, 2]))
        for event in again[1::2]:
            self.deliver(event)

    def live(self, step: Step) -> None:
        """Run a step, with commits in between. The clock advances at some point of it."""
        often = max(4, len(step.events) // 8)
        tick = self.chance.randrange(len(step.events) + 1)
        for number, event in enumerate(step.events):
            if number == step.crash:
                self.crash(step.now)
            if number == tick:
                self.advance(step.now)
            self.deliver(event)
            if number % often == often - 1:
                self.commit()
        if step.crash == len(step.events):
            self.advance(step.now)
            self.commit()
            self.crash(step.now)

    def results(self, now: int) -> Results:
        self.advance(now)
        self.deliver_messages()
        partials = [part.evaluate(now) for part in self.partitions]
        sent = [msgspec.msgpack.decode(msgspec.msgpack.encode(p), type=type(p)) for p in partials]
        samples = compute(sent, self.definitions, now)
        results = {(s.metric, frozenset(s.labels.items())): s for s in samples}
        assert len(results) == len(samples), "a series is emitted twice"
        return {
            key: Expected(s.value, s.numerator, s.denominator)
            for key, s in results.items()
            if s.metric not in OF_THE_WORKER
        }


def from_scratch(definitions: Definitions, events: list[Event], now: int, partitions: int = 1) -> Results:
    """Return the results of all events delivered to new partitions."""
    worker = SimulatedWorker(definitions, partitions)
    for event in events:
        worker.deliver(event)
    return worker.results(now)


def close(metric: str, labels: frozenset[tuple[str, str]], got: float | None, expected: float | None) -> bool:
    """Return whether quantiles agree within 1 %, and other values to floating-point precision."""
    if got is None or expected is None:
        return got is expected
    if math.isnan(got) or math.isnan(expected):
        return math.isnan(got) and math.isnan(expected)
    if "quantile" in dict(labels):
        return abs(got - expected) <= 0.010000001 * expected
    sums_of_fractions = 1e-8 if metric == "retention_sentiment" else 1e-9
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=sums_of_fractions)


def differences(got: Results, expected: Results) -> list[str]:
    """Return one line for each series in which the core and the oracle differ."""
    lines = []
    for series in sorted(got.keys() | expected.keys(), key=str):
        metric, labels = series
        ours, theirs = got.get(series), expected.get(series)
        if ours is None or theirs is None:
            lines.append(f"{metric} {dict(labels)}: core {ours}, oracle {theirs}")
            continue
        pairs = [(ours.value, theirs.value)]
        if metric.endswith("_ratio"):
            pairs += [(ours.numerator, theirs.numerator), (ours.denominator, theirs.denominator)]
        if not all(close(metric, labels, one, other) for one, other in pairs):
            lines.append(f"{metric} {dict(labels)}: core {ours}, oracle {theirs}")
    return lines


def assert_equal(got: Results, events: list[Event], now: int, definitions: Definitions) -> None:
    expected = oracle(events, now, definitions)
    wrong = differences(got, expected)
    assert not wrong, "\n".join([f"{len(wrong)} series differ at {now}:", *wrong[:20]])


def assert_identical(one: Results, other: Results) -> None:
    """Assert equality to the last bit: the same integers went through the same formulas."""
    assert one.keys() == other.keys()
    different = [series for series in one if repr(one[series]) != repr(other[series])]
    assert not different, [(series, one[series], other[series]) for series in different[:10]]


@pytest.fixture(autouse=True, scope="module", params=["as it is", "small pages, no cache"])
def sizes(request):
    """Run all laws again with small pages and a small cache, which small customers outgrow too."""
    gc.collect()
    gc.freeze()  # so that collecting a worker takes no time
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "as it is":
            patch.setattr(log_pages, "PAGE_BYTES", 400)
            patch.setattr(cache, "_GENERATION", 1)
        yield
    gc.unfreeze()


def run(history: History) -> None:
    """Deliver a history, and compare each evaluation with the oracle."""
    worker = SimulatedWorker(history.definitions, history.partitions, history.seed)
    delivered: list[Event] = []
    for step in history.steps:
        worker.live(step)
        delivered += step.events
        assert_equal(worker.results(step.now), delivered, step.now, history.definitions)


@laws
@given(histories())
def test_every_evaluation_equals_the_oracle(history):
    run(history)


@laws
@given(histories(identities=True))
def test_identities_on_any_path_equal_the_oracle(history):
    run(history)


@pytest.mark.parametrize("seed", range(60 if THOROUGH else 3))
def test_large_history_equals_the_oracle(seed):
    run(random_history(seed, identities=seed % 2 == 1))


@pytest.mark.parametrize("definitions", [DEFINITIONS, TIGHT, Definitions()])
def test_every_series_exists_without_events(definitions):
    assert_equal(from_scratch(definitions, [], ANCHOR), [], ANCHOR, definitions)


@laws
@given(st.data())
def test_order_duplicates_and_partitions_change_no_number(data):
    events = data.draw(event_sets(TIGHT))
    again = data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    shuffled = data.draw(st.permutations([*events, *again]))
    one = from_scratch(TIGHT, events, ANCHOR)
    assert_identical(from_scratch(TIGHT, shuffled, ANCHOR, partitions=3), one)


@laws
@given(histories(identities=True))
def test_any_interleaving_gives_the_same_result(history):
    worker = SimulatedWorker(history.definitions, history.partitions, history.seed)
    for step in history.steps:
        worker.live(step)
    now = history.steps[-1].now
    assert_identical(worker.results(now), from_scratch(history.definitions, history.events, now))


def story_at_every_edge(start: int) -> list[Event]:
    """Return events at, just before and just after each SLA, promise and abandonment of a cart."""
    events: list[Event] = []

    def add(kind: str, time: int, late: int, **fields: object) -> None:
        name = {"id": f"e{len(events)}", "type": kind, "customer_id": f"late by {late}"}
        events.append({**name, "time": rfc3339(time), **fields})

    never = rfc3339(start + 2 * DAY)
    for late in (-1, 0, 1):
        add("ticket.opened", start, late, ticket_id="t", priority="urgent")
        add("ticket.replied", start + MINUTE + late, late, ticket_id="t", author="bot")
        promised = rfc3339(start + 2 * HOUR)
        add("ticket.replied", start + HOUR + late, late, ticket_id="t", author="agent", promised_at=promised)
        add("ticket.status_changed", start + 2 * HOUR + late, late, ticket_id="t", status="solved")
        add("checkout.started", start, late, cart_id="k")
        money = {"amount": 20_000 + late, "currency": "USD"}
        add(
            "order.placed",
            start + HOUR + late,
            late,
            order_id="o",
            cart_id="k",
            promised_at=promised,
            **money,
        )
        add("order.delivered", start + 2 * HOUR + late, late, order_id="o")
        add("order.placed", start + DAY + HOUR + late, late, order_id="p", promised_at=never, **money)
    return events


@pytest.mark.parametrize("start", [ANCHOR, ANCHOR + 30 * MINUTE])
def test_number_changes_exactly_at_its_instant(start):
    events = story_at_every_edge(start)
    worker = SimulatedWorker(TIGHT, 1)
    for event in events:
        worker.deliver(event)
    for now in sorted({start + age + late for age in edges(TIGHT) for late in (-1, 0, 1)}):
        if now < start + (TIGHT.horizon_days + 1) * DAY:
            assert_equal(worker.results(max(now, start)), events, max(now, start), TIGHT)


@pytest.mark.parametrize("definitions", [DEFINITIONS, TIGHT])
def test_expired_customer_leaves_no_row(definitions):
    worker = SimulatedWorker(definitions, 2)
    history = random_history(1, size=300)
    for step in history.steps:
        for event in step.events:
            worker.deliver(event)
    worker.commit()
    assert any(changelog.keys() - {METADATA_KEY} for changelog in worker.changelogs)
    worker.advance(history.steps[-1].now + (definitions.horizon_days + 1) * DAY)
    worker.commit()
    assert not any(changelog.keys() - {METADATA_KEY} for changelog in worker.changelogs)
