"""Test the parameters of calendar periods."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.definitions.windows import US_PER_HOUR


def test_zone_without_kinds_computes_no_period():
    assert PeriodDefinitions(zone="Europe/Berlin").kinds == ()


def test_periods_close_after_a_number_of_hours_or_days():
    assert PeriodDefinitions(close_after="5h").close_after_us == 5 * US_PER_HOUR
    assert PeriodDefinitions(close_after="2d").close_after_us == 48 * US_PER_HOUR


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"zone": "Europe/Berln"}, "zone: 'Europe/Berln' is not a time zone such as"),
        ({"zone": "localtime"}, "zone: 'localtime' is not a time zone such as"),
        ({"week_starts": "Montag"}, "week_starts: 'Montag' is none of monday, tuesday, wednesday"),
        ({"kinds": ("month", "day")}, "kinds: 'day' is none of week, month, quarter, year"),
        ({"kinds": ("month", "month")}, "kinds: 'month' is named twice"),
        ({"close_after": "3 days"}, "close_after: '3 days' is not a number of hours or days such as '72h'"),
    ],
)
def test_invalid_parameter_is_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        PeriodDefinitions(**parameters)


@pytest.mark.parametrize(("kind", "days"), [("week", 18), ("month", 66), ("quarter", 188), ("year", 735)])
def test_horizon_holds_two_periods_until_they_close(kind, days):
    periods = PeriodDefinitions(kinds=(kind,), close_after="3d")
    windows = {"windows": ("7d",), "lifecycle_days": 7}
    Definitions(periods=periods, horizon_days=days, **windows)
    with pytest.raises(
        ValueError, match=f"periods: kinds: two periods of kind '{kind}' and close_after take"
    ):
        Definitions(periods=periods, horizon_days=days - 1, **windows)
