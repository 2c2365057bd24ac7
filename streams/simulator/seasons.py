"""When people shop: the shares of the year's days, the week's days and the day's hours.

All functions are of seconds since the epoch, UTC.
"""

from bisect import bisect
from itertools import accumulate
from math import cos, exp, pi
from random import Random

DAY = 86_400.0
HOUR = 3_600.0
MINUTE = 60.0

_DAYS_OF_A_YEAR = 365.2425
#: 1 January 1970 was a Thursday: its weekday, where Monday is 0.
_FIRST_WEEKDAY = 3
_WEEK = (0.95, 0.90, 0.88, 0.95, 1.06, 1.16, 1.10)
_DAY_HOURS = (5, 3, 2, 2, 2, 4, 9, 18, 30, 42, 50, 54, 58, 54, 50, 48, 50, 56, 66, 76, 80, 68, 40, 16)
_HOURS = list(accumulate(share / sum(_DAY_HOURS) for share in _DAY_HOURS))


def _yearly(day: int) -> float:
    """Demand on a day of the year: quiet in summer, sales in late November, presents in December."""
    winter = 0.10 * cos(2 * pi * (day - 10) / _DAYS_OF_A_YEAR)
    sales = 0.75 * exp(-(((day - 330) / 5) ** 2))
    presents = 0.55 * exp(-(((day - 346) / 9) ** 2))
    january_slump = -0.20 * exp(-(((day - 18) / 12) ** 2))
    return 1 + winter + sales + presents + january_slump


_YEAR = [_yearly(day) for day in range(367)]
PEAK = max(_YEAR) * max(_WEEK)
_MEAN = sum(_YEAR) / len(_YEAR) * sum(_WEEK) / len(_WEEK)
#: How many visits are proposed for one that is made: `season / PEAK` of them are accepted.
PROPOSALS = PEAK / _MEAN


def season(at: float) -> float:
    """Demand at `at`, as a multiple of an average day's; at most `PEAK`."""
    day = int(at // DAY)
    return _YEAR[int(day % _DAYS_OF_A_YEAR)] * _WEEK[(day + _FIRST_WEEKDAY) % 7]


def waking_time(at: float, random: Random) -> float:
    """Another moment of the day of `at`, as probable as its hour is busy."""
    hour = min(bisect(_HOURS, random.random()), 23)
    return at - at % DAY + hour * HOUR + random.random() * HOUR
