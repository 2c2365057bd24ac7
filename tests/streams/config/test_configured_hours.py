"""Test that the hours of a configured schedule equal the oracle's, and public faults of other programs."""

import os
import random

import pytest

from models.schedules.timetable import timetable
from streams.config import schedules as schedule_tables
from tests.oracle.schedules import Schedule
from tests.oracle.values import microseconds as at
from tests.support.random_schedules import random_instant, random_schedule
from tests.support.schedule_cases import DUE, ELAPSED, OPEN
from tests.support.strategies import DAY, HOUR, MINUTE, SECOND

THOROUGH = os.environ.get("LAWS") == "thorough"
#: Targets, microseconds.
TARGETS = (1, SECOND, 15 * MINUTE, 8 * HOUR, 40 * HOUR, 30 * DAY)


def configured(table):
    """Return the timetable of a schedule in the form of the configuration file."""
    return timetable(schedule_tables.read({"support": table}, 800, None)["support"])


def source(case):
    return case.source.split(":")[0]


@pytest.mark.parametrize("case", DUE, ids=source)
def test_due_time_of_a_public_fault(case):
    assert configured(case.schedule).due(at(case.opened), case.target * SECOND) == at(case.due)


@pytest.mark.parametrize("case", ELAPSED, ids=source)
def test_open_time_of_a_public_fault(case):
    assert configured(case.schedule).elapsed(at(case.begin), at(case.end)) == case.seconds * SECOND


@pytest.mark.parametrize("case", OPEN, ids=source)
def test_opening_of_a_public_fault(case):
    assert configured(case.schedule).is_open(at(case.time)) is case.is_open


@pytest.mark.parametrize("seed", range(4000 if THOROUGH else 40))
def test_hours_equal_the_oracle(seed):
    rng = random.Random(seed)
    table = random_schedule(rng)
    hours, oracle = configured(table), Schedule(table)
    one, other = random_instant(rng, table), random_instant(rng, table)
    target = rng.choice(TARGETS)
    assert hours.is_open(one) == oracle.is_open(one)
    assert hours.elapsed(one, other) == oracle.elapsed(one, other)
    assert hours.due(one, target) == oracle.due(one, target)
