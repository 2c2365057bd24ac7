"""Test the oracle of schedules by examples computed by hand, and by the public faults of other programs."""

import random
from datetime import datetime

import pytest

from tests.oracle.schedules import Schedule
from tests.support.random_schedules import random_instant, random_schedule
from tests.support.schedule_cases import DUE, ELAPSED, HOUR, MINUTE, OPEN, daily, on_weekdays
from tests.support.strategies import SECOND

#: Targets, microseconds.
TARGETS = (1, SECOND, 15 * MINUTE * SECOND, 8 * HOUR * SECOND, 40 * HOUR * SECOND)


def at(text):
    """Return an RFC 3339 time in microseconds."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def due(table, opened, seconds):
    return Schedule(table).due(at(opened), seconds * SECOND)


def elapsed(table, begin, end):
    return Schedule(table).elapsed(at(begin), at(end)) / SECOND


@pytest.mark.parametrize("case", DUE, ids=lambda case: case.source.split(":")[0])
def test_due_time_of_a_public_fault(case):
    assert due(case.schedule, case.opened, case.target) == at(case.due)


@pytest.mark.parametrize("case", ELAPSED, ids=lambda case: case.source.split(":")[0])
def test_open_time_of_a_public_fault(case):
    assert elapsed(case.schedule, case.begin, case.end) == case.seconds


@pytest.mark.parametrize("case", OPEN, ids=lambda case: case.source.split(":")[0])
def test_opening_of_a_public_fault(case):
    assert Schedule(case.schedule).is_open(at(case.time)) is case.is_open


def test_opened_while_closed_begins_at_the_opening():
    table = on_weekdays("Europe/Berlin", "09:00-18:00")
    assert due(table, "2026-11-27T20:00:00+01:00", HOUR) == at("2026-11-30T10:00:00+01:00")
    assert elapsed(table, "2026-11-27T20:00:00+01:00", "2026-11-29T12:00:00+01:00") == 0


def test_target_that_fills_the_day_is_due_at_closing_time():
    table = on_weekdays("Europe/Berlin", "09:00-18:00")
    assert due(table, "2026-11-27T09:00:00+01:00", 9 * HOUR) == at("2026-11-27T18:00:00+01:00")
    assert due(table, "2026-11-27T09:00:00+01:00", 9 * HOUR + 1) == at("2026-11-30T09:00:01+01:00")


def test_skipped_wall_time_is_the_first_instant_after_it():
    table = daily("Europe/Berlin", "02:30-04:00")
    assert elapsed(table, "2026-03-29T00:00:00+01:00", "2026-03-29T12:00:00+02:00") == HOUR
    assert due(table, "2026-03-29T00:00:00+01:00", 1) == at("2026-03-29T03:00:01+02:00")
    within = daily("Europe/Berlin", "02:15-02:45")
    assert elapsed(within, "2026-03-29T00:00:00+01:00", "2026-03-29T12:00:00+02:00") == 0


def test_repeated_wall_time_is_the_first_of_the_two():
    table = daily("Europe/Berlin", "02:30-04:00")
    assert elapsed(table, "2026-10-25T00:00:00+02:00", "2026-10-25T12:00:00+01:00") == 2.5 * HOUR
    before = daily("Europe/Berlin", "01:00-02:30")
    assert elapsed(before, "2026-10-25T00:00:00+02:00", "2026-10-25T12:00:00+01:00") == 1.5 * HOUR


def test_clocks_that_change_by_half_an_hour():
    table = daily("Australia/Lord_Howe", "00:00-24:00")
    assert elapsed(table, "2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00") == 23.5 * HOUR
    morning = daily("Australia/Lord_Howe", "01:45-03:00")
    assert elapsed(morning, "2026-04-05T00:00:00+11:00", "2026-04-05T12:00:00+10:30") == 1.75 * HOUR


def test_version_begins_and_inherits_on_its_date():
    table = on_weekdays("Europe/Berlin", "09:00-17:00", holidays=["2026-12-31", "2027-01-04"])
    table["versions"] = [
        {"from": "2027-01-01", "sat": ["10:00-14:00"], "holidays": ["2027-01-01"]},
        {"from": "2027-02-01", "mon": []},
    ]
    assert elapsed(table, "2026-12-31T00:00:00+01:00", "2027-01-02T00:00:00+01:00") == 0
    assert elapsed(table, "2027-01-02T00:00:00+01:00", "2027-01-03T00:00:00+01:00") == 4 * HOUR
    assert elapsed(table, "2027-01-04T00:00:00+01:00", "2027-01-05T00:00:00+01:00") == 8 * HOUR
    assert elapsed(table, "2027-02-01T00:00:00+01:00", "2027-02-03T00:00:00+01:00") == 8 * HOUR


def test_holiday_closes_the_local_date():
    table = daily("Asia/Kathmandu", "00:00-24:00", holidays=["2026-10-20"])
    assert elapsed(table, "2026-10-19T18:14:00+00:00", "2026-10-20T18:16:00+00:00") == 2 * MINUTE


@pytest.mark.parametrize("seed", range(20))
def test_due_time_is_the_first_at_which_the_time_has_run(seed):
    rng = random.Random(seed)
    table = random_schedule(rng)
    schedule, start, target = Schedule(table), random_instant(rng, table), rng.choice(TARGETS)
    end = schedule.due(start, target)
    assert schedule.elapsed(start, end) == target
    assert schedule.elapsed(start, end - 1) == target - 1


@pytest.mark.parametrize("seed", range(20))
def test_open_times_add_up(seed):
    rng = random.Random(seed)
    table = random_schedule(rng)
    schedule = Schedule(table)
    a, b, c = sorted(random_instant(rng, table) for _ in range(3))
    assert schedule.elapsed(a, b) + schedule.elapsed(b, c) == schedule.elapsed(a, c)
    assert schedule.elapsed(a, a + 1) == schedule.is_open(a)
