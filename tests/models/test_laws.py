"""Test the laws: all numbers are a function of the set of events and of the clock alone.

The core and the oracle compute the same numbers for events in any order, with duplicates, over any number of
partitions, with evaluations in between, and after crashes. `LAWS=thorough` runs many times more examples.
"""

import gc
import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.customers import cache
from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.facts import log_pages
from models.facts.control import KeptOrder
from models.partition.metadata import METADATA_KEY
from tests.support import complete_shop
from tests.support.drawn_histories import History, Step, histories
from tests.support.grouped_histories import grouped_history
from tests.support.histories import random_history
from tests.support.oracle_comparison import assert_equal, assert_identical, from_scratch, run
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import (
    ANCHOR,
    DAY,
    DEFINITIONS,
    HOUR,
    MINUTE,
    TIGHT,
    Event,
    edges,
    event_sets,
    rfc3339,
)
from tests.support.support_histories import support_history

pytestmark = pytest.mark.slow

THOROUGH = os.environ.get("LAWS") == "thorough"
laws = settings(
    max_examples=4000 if THOROUGH else 45,
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


@pytest.fixture(autouse=True, scope="module", params=["as it is", "small pages, no cache"])
def sizes(request):
    """Run all laws again with pages and a cache so small that small customers exceed them."""
    gc.disable()  # `SimulatedWorker` collects former workers
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "as it is":
            patch.setattr(log_pages, "PAGE_BYTES", 400)
            patch.setattr(cache, "_GENERATION", 1)
        yield
    gc.enable()


@laws
@given(histories())
def test_every_evaluation_equals_the_oracle(history):
    run(history)


@laws
@given(histories(identities=True))
def test_identities_on_any_path_equal_the_oracle(history):
    run(history)


@laws
@given(histories(conflicts=True))
def test_conflicting_contents_on_any_path_equal_the_oracle(history):
    run(history)


@laws
@given(histories(identities=True, conflicts=True))
def test_conflicting_contents_of_merged_customers(history):
    run(history)
    now = history.steps[-1].now
    shuffled = History(history.definitions, history.partitions)
    shuffled.steps.append(Step(history.events[::-1], now))
    run(shuffled)


@pytest.mark.parametrize("seed", range(60 if THOROUGH else 3))
def test_large_history_equals_the_oracle(seed):
    run(random_history(seed, identities=seed % 2 == 1))


@pytest.mark.parametrize("seed", range(20 if THOROUGH else 1))
def test_all_families_of_a_large_history_equal_the_oracle(seed):
    history = random_history(seed, customers=10, size=800, identities=True)
    history.definitions = complete_shop.definitions()
    for step in history.steps:
        step.events = complete_shop.with_attributes(step.events)
    run(history)


@pytest.mark.parametrize("seed", range(5000 if THOROUGH else 20))
def test_targets_by_schedule_on_any_path_equal_the_oracle(seed):
    run(support_history(seed))


@pytest.mark.parametrize("seed", range(5000 if THOROUGH else 20))
def test_segments_and_periods_on_any_path_equal_the_oracle(seed):
    run(grouped_history(seed))


@pytest.mark.parametrize("seed", range(200 if THOROUGH else 3))
def test_changed_segments_and_periods_apply_to_all_events(seed):
    history, former = grouped_history(seed), grouped_history(seed + 1000).definitions
    definitions, events, now = history.definitions, history.events, history.steps[-1].now
    without = replace(definitions, segments=(), periods=PeriodDefinitions(), further_metrics=())
    other = replace(definitions, segments=former.segments)
    worker = SimulatedWorker(without, history.partitions, seed)
    worker.advance(now)
    for event in events:
        worker.deliver(event)
    for changed in (definitions, other, without):
        worker.commit()
        worker.definitions = changed
        worker.crash(now)
        assert_equal(worker.results(now), events, now, changed)


@pytest.mark.parametrize("definitions", [DEFINITIONS, TIGHT, complete_shop.definitions(), Definitions()])
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
def test_expired_customer_leaves_only_the_first_order(definitions):
    worker = SimulatedWorker(definitions, 2)
    history = random_history(1, size=300)
    for step in history.steps:
        for event in step.events:
            worker.deliver(event)
    worker.commit()
    assert any(changelog.keys() - {METADATA_KEY} for changelog in worker.changelogs)
    worker.advance(history.steps[-1].now + (definitions.horizon_days + 1) * DAY)
    worker.commit()
    for changelog in worker.changelogs:
        for key in changelog.keys() - {METADATA_KEY}:
            assert [type(fact.claim) for fact in log_pages.read(changelog, key)] == [KeptOrder]
            assert not log_pages.output_state(changelog, key)
