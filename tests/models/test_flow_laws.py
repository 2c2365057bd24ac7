"""Test the laws of flows: sums by another key add up to the windowed series, on any path of the events.

`tests.models.test_laws` compares the metrics made of these sums with the oracle.
"""

from collections import Counter

import pytest
from hypothesis import given
from msgspec.structs import replace

from models.aggregation.aggregates import channels_of
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from models.entities.sla import KINDS
from models.metrics.totals import Totals
from tests.models.test_laws import laws
from tests.support.histories import random_history
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import DAY, DEFINITIONS, History, histories

pytestmark = pytest.mark.slow

#: Every kind of period, and targets that depend on the orders of the customer.
FLOWS = replace(
    DEFINITIONS,
    channels=("web", "chat"),
    periods=PeriodDefinitions(zone="Asia/Kolkata", week_starts="sunday", kinds=PERIOD_KINDS),
    sla_policies=dict.fromkeys(
        PRIORITIES, SlaPolicy(next_response=3600, tiers={"silver": SlaTargets(60, 120, 600)})
    ),
)


def delivered(history: History) -> SimulatedWorker:
    """Return a worker with `FLOWS` after a history, at its last evaluation."""
    worker = SimulatedWorker(FLOWS, history.partitions, history.seed)
    for step in history.steps:
        worker.live(step)
    evaluated(worker, history.steps[-1].now)
    return worker


def evaluated(worker: SimulatedWorker, now: int):
    """Return the partial aggregates of a worker at a time."""
    worker.advance(now)
    worker.deliver_messages()
    return [part.evaluate(now) for part in worker.partitions]


def by_kind(partials) -> dict[str, Counter]:
    """Return kind -> name -> sum over all periods of the kind."""
    sums = {kind: Counter() for kind in PERIOD_KINDS}
    for partial in partials:
        for kind, periods in partial.periods.items():
            for names in periods.values():
                sums[kind].update(names)
    return sums


def series(totals: Totals, definitions: Definitions) -> dict[tuple[str, ...], int]:
    """Return the sums over all stored events that the flows divide, by the name of the flows."""
    channels = channels_of(definitions)
    found = {
        ("orders",): sum(totals.all_time("orders", channel) for channel in channels),
        ("placed",): totals.all_time("placed"),
        ("refunded",): totals.all_time("refunded_any"),
        ("promised",): totals.all_time("delivered_promised"),
        ("on_time",): totals.all_time("delivered_on_time"),
        ("csat_answers",): totals.all_time("answers", "csat"),
        ("satisfied",): totals.all_time("satisfied"),
    }
    for currency in definitions.rates:
        amount, taken = totals.all_time("amount", currency), totals.all_time("taken", currency)
        found["net", currency] = amount - taken
    for kind in KINDS:
        for name in ("decided", "breached"):
            sums = [totals.all_time(f"sla_{name}", kind, priority) for priority in PRIORITIES]
            found[name, kind] = sum(sums)
    return found


@laws
@given(histories(identities=True, conflicts=True))
def test_flows_of_all_periods_add_up_to_the_series(history):
    worker, now = delivered(history), history.steps[-1].now
    partials = evaluated(worker, now)
    expected = series(Totals(partials, FLOWS, now), FLOWS)
    for kind, sums in by_kind(partials).items():
        assert {name: sums[name] for name in expected} == expected, kind


@laws
@given(histories(identities=True, conflicts=True))
def test_rebuilt_partition_has_the_flows_of_the_live_one(history):
    worker, now = delivered(history), history.steps[-1].now
    live = [partial.periods for partial in evaluated(worker, now)]
    worker.commit()
    worker.crash(now)
    assert [partial.periods for partial in evaluated(worker, now)] == live


def test_flows_that_left_the_horizon_leave_no_sums():
    history = random_history(1, size=300)
    worker = SimulatedWorker(FLOWS, 2)
    for step in history.steps:
        for event in step.events:
            worker.deliver(event)
    last = history.steps[-1].now
    assert all(any(partial.periods.values()) for partial in evaluated(worker, last))
    for partial in evaluated(worker, last + (FLOWS.horizon_days + 2) * DAY):
        assert not any(partial.periods.values())
