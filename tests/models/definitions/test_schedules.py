"""Schedules as plain data: rules of their intervals, versions and closures."""

from datetime import date, timedelta

import pytest

from models.definitions.schedules import DAYS, Schedule, check_closures
from tests.support.schedules import version, weekdays

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def closed_for(days, begins=date(2026, 3, 1)):
    return tuple(begins + timedelta(days=number) for number in range(days))


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        ("09:00-12:00 11:59-13:00", "mon: 09:00-12:00 and 11:59-13:00 overlap"),
        ("12:00-09:00", "mon: 12:00-09:00 does not end after it begins"),
        ("09:00-09:00", "mon: 09:00-09:00 does not end after it begins"),
    ],
)
def test_invalid_intervals_of_a_day_are_named(hours, problem):
    with pytest.raises(ValueError, match=problem):
        version(mon=hours)


def test_intervals_of_a_day_may_adjoin():
    assert len(version(mon="09:00-12:00 12:00-13:00").week[0]) == 2


def test_versions_rise_by_date():
    with pytest.raises(ValueError, match="versions"):
        Schedule("UTC", (version(), version(FIRST), version(FIRST)))


@pytest.mark.parametrize("hours", ["09:00-17:00", "00:00-24:00"])
def test_closure_of_sixty_days_is_an_error(hours):
    """The 29th of March has an hour less in Berlin, which makes no difference."""
    week = dict.fromkeys(DAYS, hours)
    check_closures(Schedule("Europe/Berlin", (version(**week, holidays=closed_for(59)),)), FIRST, LAST)
    with pytest.raises(ValueError, match="closed for 60 days in a row or more, from 2026-0"):
        check_closures(Schedule("Europe/Berlin", (version(**week, holidays=closed_for(60)),)), FIRST, LAST)


def test_closure_outside_the_checked_dates_is_no_error():
    closed = weekdays(holidays=closed_for(100, date(2024, 1, 1)))
    check_closures(closed, FIRST, LAST)
    with pytest.raises(ValueError, match="from 2026-01-01 on"):
        check_closures(Schedule("UTC", (version(),)), FIRST, LAST)


def test_last_version_that_never_opens_is_an_error():
    ends = Schedule("UTC", (*weekdays().versions, version(date(2026, 6, 1))))
    with pytest.raises(ValueError, match="from 2026-05-29 on"):
        check_closures(ends, FIRST, LAST)
