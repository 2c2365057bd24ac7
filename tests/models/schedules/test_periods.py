"""Test calendar periods in time zones."""

from datetime import UTC, datetime

import pytest

from models.definitions.definitions import Definitions
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.definitions.windows import US_PER_DAY, US_PER_HOUR
from models.schedules.periods import calendar, calendars


def us(*moment: int) -> int:
    """Return a time in UTC as microseconds since the epoch."""
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("kind", "begin", "end", "label"),
    [
        ("week", us(2026, 10, 25, 23), us(2026, 11, 1, 23), "2026-10-26"),
        ("month", us(2026, 9, 30, 22), us(2026, 10, 31, 23), "2026-10"),
        ("quarter", us(2026, 9, 30, 22), us(2026, 12, 31, 23), "2026-Q4"),
        ("year", us(2025, 12, 31, 23), us(2026, 12, 31, 23), "2026"),
    ],
)
def test_period_begins_and_ends_at_local_midnight(kind, begin, end, label):
    periods = calendar(kind, "Europe/Berlin")
    found = periods.period(periods.number(us(2026, 10, 28)))
    assert (found.begin, found.end, found.label) == (begin, end, label)
    assert periods.number(begin - 1) == found.number - 1
    assert periods.number(end) == found.number + 1


def test_period_is_longer_when_clocks_are_set_back():
    weeks = calendar("week", "Europe/Berlin")
    week = weeks.period(weeks.number(us(2026, 10, 24)))
    assert (week.end - week.begin) - 7 * US_PER_DAY == US_PER_HOUR


@pytest.mark.parametrize("kind", PERIOD_KINDS)
def test_time_after_the_last_period_is_in_the_last_one(kind):
    periods = calendar(kind, "Europe/Berlin")
    last = periods.period(periods.number(us(2199, 12, 31, 23, 59)))
    assert periods.number(us(2300, 1, 1)) == last.number == len(periods.begins) - 2


def test_half_hour_zone_begins_months_at_half_hours():
    months = calendar("month", "Asia/Kolkata")
    assert months.period(months.number(us(2026, 10, 15))).begin == us(2026, 9, 30, 18, 30)


def test_midnight_that_does_not_exist_is_the_next_instant():
    # Clocks in Asuncion went from 00:00 to 01:00 on 1 October 2017.
    months = calendar("month", "America/Asuncion")
    assert months.period(months.number(us(2017, 10, 15))).begin == us(2017, 10, 1, 4)


def test_weeks_start_on_the_configured_day():
    weeks = calendar("week", "UTC", "sunday")
    assert weeks.period(weeks.number(us(2026, 10, 28))).label == "2026-10-25"


@pytest.mark.parametrize("kind", PERIOD_KINDS)
def test_period_is_found_by_its_label(kind):
    periods = calendar(kind, "Europe/Berlin")
    for number in (0, periods.number(us(2026, 10, 28)), len(periods.begins) - 2):
        assert periods.find(periods.label(number)) == periods.period(number)


@pytest.mark.parametrize("kind", PERIOD_KINDS)
@pytest.mark.parametrize(
    "label",
    [
        "",
        "2026-10-27",
        "2026-Q5",
        "2026-Q99999999999",
        "2026-1",
        "20261026",
        "1988",
        "2200",
        "now",
        "9999999999-Q1",
    ],
)
def test_unknown_label_finds_no_period(kind, label):
    assert calendar(kind, "UTC").find(label) is None


def test_calendars_exist_only_for_configured_kinds():
    assert calendars(Definitions(periods=PeriodDefinitions(zone="Asia/Kolkata"))) == []
    found = calendars(Definitions(periods=PeriodDefinitions(kinds=("month", "year"))))
    assert [each.kind for each in found] == ["month", "year"]
