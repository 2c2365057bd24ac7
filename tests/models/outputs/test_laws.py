"""The last outputs are a function of the events and the clock, and each output is emitted once."""

import pytest
from hypothesis import given

from models.outputs import decode_emitted
from tests.support.assert_outputs import (
    assert_actions,
    assert_profiles,
    assert_targets,
    assert_transitions,
    assert_unique_ids,
    last_profiles,
    plain,
)
from tests.support.drawn_histories import History, Step, histories
from tests.support.histories import random_history, ticket_history
from tests.support.outputs import NOW, EmitHarness, Scenario
from tests.support.strategies import DAY, DEFINITIONS, output_laws
from tests.support.support_histories import support_history

pytestmark = pytest.mark.slow


def assert_no_output_before_next_check(harness, now):
    """Until the next check, time alone changes nothing of a customer but the risk in the profile."""
    for customer_id, customer in harness.customers.items():
        next_check = harness.next_checks[customer_id]
        end = now + 1000 * DAY if next_check is None else next_check
        for instant in {now + 1, (now + end) // 2, end - 1}:
            if not now < instant < end:
                continue
            result = harness.emitter.emit(customer, decode_emitted(harness.states[customer_id]), instant)
            assert [output for output in result.outputs if output.type != "retention.customer"] == []
            profiles = [plain(output.value) for output in result.outputs]
            assert profiles in ([], [last_profiles(harness.outputs).get(customer_id)])


def run(history):
    """Emit at every step, each time twice, and compare the last outputs with the oracle."""
    harness, delivered, definitions = EmitHarness(history.definitions), [], history.definitions
    now = 0
    for step in history.steps:
        delivered += step.events
        now = max(now, step.now)
        harness.emit(delivered, now)
        assert harness.emit(delivered, now) == []
        assert_profiles(harness.outputs, delivered, now, definitions)
        assert_transitions(harness.outputs, delivered, now, definitions)
        assert_targets(harness.outputs, delivered, now, definitions)
        assert_actions(harness.outputs, delivered, now, definitions)
        assert_no_output_before_next_check(harness, now)
    assert_unique_ids(harness.outputs)


@output_laws
@given(histories())
def test_last_outputs_equal_the_oracles(history):
    run(history)


def test_customer_is_known_from_a_line_before_its_order():
    scenario = Scenario()
    scenario.record("ticket.opened", NOW - 2 * DAY, ticket_id="t")
    scenario.order(NOW - DAY, "o")
    scenario.record("order.line_placed", NOW - 3 * DAY, order_id="o", line_id="l", amount=100, currency="USD")
    steps = [Step(scenario.events[:2], NOW), Step(scenario.events[2:], NOW)]
    run(History(DEFINITIONS, partitions=1, steps=steps))


@pytest.mark.parametrize("seed", range(2))
def test_outputs_of_withdrawn_tickets_equal_the_oracles(seed):
    run(ticket_history(seed))


@pytest.mark.parametrize("seed", range(8))
def test_outputs_by_schedule_equal_the_oracles(seed):
    run(support_history(seed, identities=False))


@pytest.mark.parametrize("seed", range(2))
def test_large_history_outputs_equal_the_oracles(seed):
    run(random_history(seed, customers=20, size=900, looks=6))
