"""What is said last is a function of the events and the clock; each thing is said once."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from models.contract.decoding import to_us
from models.contract.messages import Action, Profile, TicketSla, Transition
from models.outputs import decode_emitted
from tests.oracle.profiles import decisions, profiles, transitions
from tests.support.action_oracle import faults
from tests.support.histories import random_history
from tests.support.outputs import Town
from tests.support.strategies import DAY, histories

laws = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def last_of(outputs):
    """The last profile of each customer, as the oracle has it; None where it was taken back."""
    found = {}
    for output in outputs:
        if output.type == "retention.customer":
            found[output.key] = None if output.value is None else plain(output.value)
    return found


def plain(profile: Profile):
    said = msgspec.structs.asdict(profile)
    for name in ("first_order", "last_order"):
        said[name] = None if said[name] is None else to_us(said[name])
    del said["risk"], said["as_of"]
    return said


def assert_profiles(outputs, events, now, definitions):
    expected = profiles(events, now, definitions)
    got = {customer: said for customer, said in last_of(outputs).items() if said is not None}
    assert got.keys() == expected.keys()
    for customer, said in got.items():
        value, naive = said.pop("net_value"), expected[customer].pop("net_value")
        assert said == expected[customer]
        assert value == pytest.approx(naive, abs=0.0051)


def last_transitions(outputs):
    said = [output.value for output in outputs if isinstance(output.value, Transition)]
    return {(t.customer_id, t.what): (t.from_, t.to, to_us(t.time)) for t in said}


def assert_targets(outputs, events, now, definitions):
    said = {}
    for value in (output.value for output in outputs):
        if isinstance(value, TicketSla):
            said[value.customer_id, value.ticket_id, value.sla] = value
    got = {
        key: (value.state, to_us(value.decided))
        for key, value in said.items()
        if value.state in {"fulfilled", "breached"}
    }
    expected = decisions(events, now, definitions)
    assert {key: got.get(key) for key in expected} == expected


def assert_quiet(town, now):
    """Until the instant that was given, time says nothing of a customer but how late they are."""
    for customer, account in town.known.items():
        until = town.until[customer]
        end = now + 1000 * DAY if until is None else until
        for instant in {now + 1, (now + end) // 2, end - 1}:
            if not now < instant < end:
                continue
            speech = town.speaker.say(account, decode_emitted(town.said[customer]), instant)
            assert [output for output in speech.outputs if output.type != "retention.customer"] == []
            profiles_said = [plain(output.value) for output in speech.outputs]
            assert profiles_said in ([], [last_of(town.outputs).get(customer)])


def run(history):
    """Look at every step, some customers twice; hold what was said last to the oracle."""
    town, delivered = Town(history.definitions), []
    now = 0
    for step in history.steps:
        delivered += step.events
        now = max(now, step.now)
        town.look(delivered, now)
        assert town.look(delivered, now) == []
        assert_profiles(town.outputs, delivered, now, history.definitions)
        expected = transitions(delivered, now, history.definitions)
        assert {key: last_transitions(town.outputs)[key] for key in expected} == expected
        assert_targets(town.outputs, delivered, now, history.definitions)
        actions = [output.value for output in town.outputs if isinstance(output.value, Action)]
        assert faults(actions, delivered, now, history.definitions) == []
        assert_quiet(town, now)
    ids = [output.id for output in town.outputs]
    assert len(ids) == len(set(ids))
    return town


@laws
@given(histories())
def test_what_is_said_last_is_what_the_oracle_says(history):
    run(history)


@pytest.mark.parametrize("seed", range(2))
def test_of_a_large_history_too(seed):
    run(random_history(seed, customers=20, size=900, looks=6))
