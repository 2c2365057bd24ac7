"""Test calendar months in time zones."""

from datetime import UTC, date, datetime

import pytest

from models.schedules.months import Months, month_name


def us(*moment: int) -> int:
    """Return a time in UTC as microseconds since the epoch."""
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("UTC", us(2026, 3, 1)),
        ("Europe/Berlin", us(2026, 2, 28, 23)),
        ("Asia/Kolkata", us(2026, 2, 28, 18, 30)),
        ("America/New_York", us(2026, 3, 1, 5)),
    ],
)
def test_month_begins_at_local_midnight(zone, first):
    months = Months(zone)
    assert [month_name(months.of(time)) for time in (first - 1, first)] == ["2026-02", "2026-03"]
    assert months.start_of_day(date(2026, 3, 1)) == first


def test_midnight_that_does_not_exist_is_the_next_instant():
    # Clocks in Asuncion went from 00:00 to 01:00 on 1 October 2017.
    assert Months("America/Asuncion").start_of_day(date(2017, 10, 1)) == us(2017, 10, 1, 4)
