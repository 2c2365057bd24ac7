"""The transition that is emitted, and its id."""

from models.contract.decoding import to_us
from tests.support.outputs import NOW, Scenario
from tests.support.strategies import DAY


def transitions(scenario, now=NOW, what="lifecycle"):
    return [one for one in scenario.messages("retention.transition", now) if one.what == what]


def test_first_order_makes_a_new_customer():
    scenario = Scenario()
    event_id = scenario.order(NOW - DAY, "o")
    [transition] = transitions(scenario)
    assert (transition.from_, transition.to, transition.cause.id) == (None, "new", event_id)
    assert transitions(scenario) == []


def test_passing_time_brings_a_transition_without_event():
    scenario = Scenario()
    scenario.order(NOW, "o")
    transitions(scenario)
    [transition] = transitions(scenario, NOW + 46 * DAY)
    assert (transition.to, transition.cause.type, transition.cause.id) == ("at_risk", "time", None)


def test_late_event_corrects_the_last_transition_with_a_new_id():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o")
    [first] = transitions(scenario)
    scenario.order(NOW - 2 * DAY, "p")
    [corrected] = transitions(scenario)
    assert (corrected.from_, corrected.to, to_us(corrected.time)) == ("new", "returning", NOW - DAY)
    assert corrected.id != first.id
