"""The rounds of a soak follow from its seed."""

from itertools import islice

from tests.soak.faults import FAULTS
from tests.soak.plan import rounds

RESOURCES = {name: fault.resource for name, fault in FAULTS.items()}


def planned(seed, count=100, only=tuple(FAULTS)):
    return list(islice(rounds(seed, RESOURCES, only), count))


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
    steps = [step for one in planned(7, only=("kill", "cut")) for step in one.steps]
    assert {step.fault for step in steps} == {"kill", "cut"}
