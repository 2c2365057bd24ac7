"""The rounds of a soak follow from its seed."""

from itertools import islice

from tests.soak.faults import FAULTS, LATE
from tests.soak.plan import LATE as LATE_ROUND
from tests.soak.plan import THOROUGH, rounds

RESOURCES = {name: fault.resource for name, fault in FAULTS.items()}


def planned(seed, count=100, names=tuple(FAULTS), late=()):
    return list(islice(rounds(seed, RESOURCES, names, late), count))


def test_equal_seeds_plan_equal_rounds():
    assert planned(7) == planned(7)
    assert planned(7) != planned(8)


def test_first_rounds_have_each_fault_once_and_no_other():
    first = planned(7, len(FAULTS))
    assert sorted(step.fault for one in first for step in one.steps) == sorted(FAULTS)
    assert {len(one.steps) for one in first} == {1}


def test_later_rounds_overlap_faults_of_different_resources():
    later = planned(7)[len(FAULTS) :]
    assert {len(one.steps) for one in later} == {1, 2, 3, 4}
    for one in later:
        broken = [RESOURCES[step.fault] for step in one.steps]
        assert len(broken) == len(set(broken))


def test_only_chosen_faults_are_planned():
    steps = [step for one in planned(7, names=("kill", "cut")) for step in one.steps]
    assert {step.fault for step in steps} == {"kill", "cut"}


def test_late_fault_begins_in_a_round_of_its_own():
    early, late = planned(7, late=LATE)[:LATE_ROUND], planned(7, late=LATE)[LATE_ROUND:]
    assert not [step for one in early for step in one.steps if step.fault in LATE]
    assert [[step.fault for step in one.steps] for one in late[: len(LATE)]] == [[name] for name in LATE]
    assert {*LATE} < {step.fault for one in late for step in one.steps}


def test_round_before_the_late_faults_is_thorough():
    assert planned(7)[LATE_ROUND - 1].thorough
    assert LATE_ROUND % THOROUGH == 0
