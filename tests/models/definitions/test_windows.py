"""Hours, minutes and windows."""

import pytest

from models.definitions.windows import SHORT_WINDOWS, US_PER_HOUR, US_PER_MINUTE, Window, hour, minute


def test_hour_begins_at_its_first_microsecond():
    assert hour(0) == 0
    assert hour(US_PER_HOUR - 1) == 0
    assert hour(US_PER_HOUR) == 1
    assert hour(-1) == -1


def test_minute_begins_at_its_first_microsecond():
    assert minute(US_PER_MINUTE - 1) == 0
    assert minute(US_PER_MINUTE) == 1
    assert minute(-1) == -1


@pytest.mark.parametrize(
    ("name", "hours"), [("7d", 168), ("30d", 720), ("90d", 2160), ("365d", 8760), ("36h", 36), ("1h", 1)]
)
def test_window_is_parsed_from_days_or_hours(name, hours):
    assert Window.parse(name) == Window(name, hours)


@pytest.mark.parametrize(
    "name", ["", "d", "0d", "07d", "7", "7w", "7 d", "-7d", "1.5d", "\u0667d", "7d\n", "123456d"]
)
def test_invalid_window_name_raises(name):
    with pytest.raises(ValueError, match="'7d' or '36h'"):
        Window.parse(name)


def test_short_windows_have_a_length_in_minutes():
    assert [(window.name, window.minutes) for window in SHORT_WINDOWS] == [("1h", 60), ("24h", 1440)]
