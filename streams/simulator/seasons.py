"""Seasonality of demand: by day of the year, day of the week and hour of the day.

Times are seconds since the epoch, UTC.
"""

from bisect import bisect
from itertools import accumulate
from math import cos, exp, pi
from random import Random

DAY = 86_400.0
HOUR = 3_600.0
MINUTE = 60.0

_DAYS_OF_A_YEAR = 365.2425
#: Weekday of 1 January 1970, a Thursday; Monday is 0.
_FIRST_WEEKDAY = 3
_WEEK = (0.95, 0.90, 0.88, 0.95, 1.06, 1.16, 1.10)
_DAY_HOURS = (5, 3, 2, 2, 2, 4, 9, 18, 30, 42, 50, 54, 58, 54, 50, 48, 50, 56, 66, 76, 80, 68, 40, 16)
_HOURS = list(accumulate(share / sum(_DAY_HOURS) for share in _DAY_HOURS))


def _yearly(day: int) -> float:
    """Return the demand on a day of the year: low in summer, high in late November and December."""
    winter = 0.10 * cos(2 * pi * (day - 10) / _DAYS_OF_A_YEAR)
    sales = 0.75 * exp(-(((day - 330) / 5) ** 2))
    presents = 0.55 * exp(-(((day - 346) / 9) ** 2))
    january_slump = -0.20 * exp(-(((day - 18) / 12) ** 2))
    return 1 + winter + sales + presents + january_slump


_YEAR = [_yearly(day) for day in range(367)]
PEAK = max(_YEAR) * max(_WEEK)
_MEAN = sum(_YEAR) / len(_YEAR) * sum(_WEEK) / len(_WEEK)
#: Proposed visits for each actual one: a proposal is accepted with the probability `season / PEAK`.
PROPOSALS = PEAK / _MEAN


def season(at: float) -> float:
    """Return the demand at a time, as a multiple of the average; at most `PEAK`."""
    day = int(at // DAY)
    return _YEAR[int(day % _DAYS_OF_A_YEAR)] * _WEEK[(day + _FIRST_WEEKDAY) % 7]


def waking_time(at: float, random: Random) -> float:
    """Return a random time on the day of `at`, with the distribution of demand over the hours."""
    hour = min(bisect(_HOURS, random.random()), 23)
    return at - at % DAY + hour * HOUR + random.random() * HOUR
