"""Open time and due times of schedules."""

import doctest
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.definitions.schedules import DAYS, Schedule
from models.schedules import timetable as module
from models.schedules.timetable import UNREACHED_US, Timetable, timetable
from tests.support.schedules import at, daily, version, weekdays

HOUR = 3_600_000_000
MINUTE = HOUR // 60
#: Monday to Friday, 9 to 17 in Berlin: in summer 7 to 15 UTC.
WEEK = Timetable(weekdays())
#: A Friday.
FRIDAY = at("2026-06-12T00:00")


def hours(duration):
    return duration / HOUR


def test_example_of_the_docstring_holds():
    found = doctest.testmod(module)
    assert (found.attempted, found.failed) == (6, 0)


@pytest.mark.parametrize(
    ("time", "is_open"),
    [
        ("2026-06-12T06:59:59.999999", False),
        ("2026-06-12T07:00", True),
        ("2026-06-12T14:59:59.999999", True),
        ("2026-06-12T15:00", False),
        ("2026-06-13T10:00", False),
    ],
)
def test_intervals_are_half_open(time, is_open):
    assert WEEK.is_open(at(time)) is is_open


@pytest.mark.parametrize(
    ("begin", "end", "elapsed"),
    [
        ("2026-06-12T10:00", "2026-06-12T11:30", 1.5),
        ("2026-06-12T14:00", "2026-06-15T08:00", 2),  # over a weekend
        ("2026-06-13T10:00", "2026-06-14T10:00", 0),  # within it
        ("2026-06-12T11:00", "2026-06-12T10:00", 0),  # ends before it begins
        ("2026-06-01T00:00", "2026-07-01T00:00", 22 * 8),
    ],
)
def test_elapsed_time_is_open_time(begin, end, elapsed):
    assert hours(WEEK.elapsed(at(begin), at(end))) == elapsed


@pytest.mark.parametrize(
    ("begin", "duration", "due"),
    [
        ("2026-06-12T10:00", 1, "2026-06-12T11:00"),
        ("2026-06-12T14:00", 1, "2026-06-12T15:00"),  # reached at the closing, not at the next opening
        ("2026-06-12T14:00", 2, "2026-06-15T08:00"),
        ("2026-06-12T15:00", 1, "2026-06-15T08:00"),  # opened at the closing
        ("2026-06-13T10:00", 1, "2026-06-15T08:00"),  # opened while closed
        ("2026-06-12T10:00", 0, "2026-06-12T10:00"),
        ("2026-06-12T07:00", 5 * 8 * 52, "2027-06-10T15:00"),
    ],
)
def test_target_is_due_at_its_first_instant(begin, duration, due):
    assert WEEK.due(at(begin), duration * HOUR) == at(due)


def test_break_at_lunch_counts_for_nothing():
    lunch = daily("09:00-12:30 13:30-18:00", "UTC")
    begin = at("2026-06-10T12:00")
    assert lunch.due(begin, HOUR) == at("2026-06-10T14:00")
    assert lunch.due(begin, 30 * MINUTE) == at("2026-06-10T12:30")
    assert not lunch.is_open(at("2026-06-10T12:30"))


def test_round_the_clock_has_no_closed_minute():
    always = daily("00:00-24:00")
    begin = at("2026-01-01T00:00")
    assert always.elapsed(begin, at("2027-01-01T00:00")) == 365 * 24 * HOUR
    assert always.due(begin, 1000 * HOUR) == begin + 1000 * HOUR
    assert always.next_opening(begin) is None


@pytest.mark.parametrize(
    ("zone", "begin", "end", "elapsed"),
    [
        ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29T22:00", 23),
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T23:00", 25),
        ("Australia/Lord_Howe", "2026-10-03T13:30", "2026-10-04T13:00", 23.5),
    ],
)
def test_time_over_a_clock_change_is_elapsed_time(zone, begin, end, elapsed):
    """The date of each change, from midnight to midnight."""
    assert hours(daily("00:00-24:00", zone).elapsed(at(begin), at(end))) == elapsed


def test_night_hours_are_shorter_and_longer_over_changes():
    night = daily("00:00-06:00")
    assert hours(night.elapsed(at("2026-03-28T20:00"), at("2026-03-29T20:00"))) == 5
    assert hours(night.elapsed(at("2026-10-24T20:00"), at("2026-10-25T20:00"))) == 7


def test_hours_within_a_skipped_hour_are_empty():
    skipped = daily("02:10-02:50")
    assert skipped.elapsed(at("2026-03-28T20:00"), at("2026-03-29T20:00")) == 0
    assert hours(skipped.elapsed(at("2026-03-29T20:00"), at("2026-03-30T20:00"))) == pytest.approx(2 / 3)


def test_end_that_exists_twice_is_the_first():
    evening = daily("22:00-24:00 00:00-02:30")
    assert evening.elapsed(at("2026-10-24T12:00"), at("2026-10-25T12:00")) == 4.5 * HOUR


def test_holiday_is_a_local_date():
    """The 25th of December begins in Auckland when it is still the 24th in UTC."""
    closed = weekdays("00:00-24:00", "Pacific/Auckland", holidays=(date(2026, 12, 25),))
    table = Timetable(closed)
    assert table.is_open(at("2026-12-24T10:59"))
    assert not table.is_open(at("2026-12-24T11:00"))
    assert not table.is_open(at("2026-12-25T10:59"))


def test_version_holds_from_its_date_on_with_its_holidays():
    first = version(**dict.fromkeys(DAYS, "09:00-17:00"), holidays=(date(2026, 12, 31), date(2027, 1, 2)))
    later = version(
        date(2027, 1, 1),
        holidays=(date(2026, 12, 30), date(2027, 1, 1)),
        fri="10:00-12:00",
        sat="10:00-12:00",
    )
    table = Timetable(Schedule("UTC", (first, later)))
    days = ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03"]
    opened = [hours(table.elapsed(at(f"{day}T00:00"), at(f"{day}T23:59"))) for day in days]
    assert opened == [8, 0, 0, 2, 0]


def test_next_opening_is_later_than_the_time():
    assert WEEK.next_opening(at("2026-06-12T06:00")) == at("2026-06-12T07:00")
    assert WEEK.next_opening(at("2026-06-12T07:00")) == at("2026-06-15T07:00")


def test_target_of_ten_years_is_due_in_forty():
    """10,950 days of eight hours, five in a week, end on a Thursday."""
    weeks = 10_950 // 5
    assert WEEK.due(FRIDAY, 3650 * 24 * HOUR) == FRIDAY + (weeks * 7 - 1) * 24 * HOUR + 15 * HOUR


def test_schedule_that_never_opens_again_has_no_due_time():
    ends = version(date(2027, 1, 1))
    table = Timetable(Schedule("UTC", (*weekdays(zone="UTC").versions, ends)))
    assert table.due(at("2026-12-31T16:00"), HOUR) == at("2026-12-31T17:00")
    assert table.due(at("2026-12-31T16:00"), HOUR + 1) == UNREACHED_US
    assert table.next_opening(at("2026-12-31T16:00")) is None


def test_questions_about_distant_years_do_not_contradict():
    table = Timetable(weekdays())
    before = table.due(FRIDAY, 100 * HOUR)
    assert hours(table.elapsed(at("1994-06-10T00:00"), at("1994-06-11T00:00"))) == 8
    assert not table.is_open(-(1 << 61))
    assert not table.is_open(1 << 61)
    assert table.due(FRIDAY, 100 * HOUR) == before


def test_partitions_share_the_timetable_of_a_schedule():
    assert timetable(weekdays()) is timetable(weekdays())


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
#: Round the change of New York, and of most other zones, in the spring of 2026.
TIMES = st.integers(at("2026-03-01T00:00") // MINUTE, at("2026-04-30T00:00") // MINUTE).map(
    lambda m: m * MINUTE
)
SHIFTS = st.sampled_from(["09:00-17:00", "08:30-12:00 13:00-18:30", "00:00-24:00", "00:00-06:00 22:00-24:00"])


@given(st.sampled_from(ZONES), SHIFTS, TIMES, TIMES)
@settings(max_examples=30, deadline=None)
def test_open_time_is_that_of_a_clock_on_the_wall(zone, shift, one, other):
    """The clock is read every five minutes. All shifts begin and end at times that exist once."""
    table, zone = daily(shift, zone), ZoneInfo(zone)
    begin, end = sorted((one, other))
    end = min(end, begin + 5 * 24 * HOUR)
    shifts = [tuple(text.split("-")) for text in shift.split()]
    seen = 0
    for time in range(begin, end, 5 * MINUTE):
        clock = datetime.fromtimestamp(time // 1_000_000, zone).strftime("%H:%M")
        is_open = any(since <= clock < until for since, until in shifts)
        assert table.is_open(time) is is_open
        seen += is_open * min(5 * MINUTE, end - time)
    assert abs(table.elapsed(begin, end) - seen) <= 5 * MINUTE * 2 * len(shifts) * 6


@given(st.sampled_from(ZONES), SHIFTS, TIMES, st.integers(1, 100 * HOUR))
@settings(max_examples=60, deadline=None)
def test_due_is_the_first_instant_with_so_much_open_time(zone, shift, begin, duration):
    table = daily(shift, zone)
    due = table.due(begin, duration)
    assert table.elapsed(begin, due) == duration
    assert table.elapsed(begin, due - 1) == duration - 1
