"""Figures of a report: a number with its bounds and its change, and how each is written."""

from math import isnan
from typing import Final, Literal

from msgspec import Struct

from models.metrics.bounds import newcombe
from streams.report.numbers import Number

#: Share: a ratio from 0 to 1. Duration: seconds. Score: a number with a scale of its own, such as NPS.
Unit = Literal["share", "money", "number", "duration", "score"]
#: The direction of a change that is good for the shop.
Direction = Literal["up", "down", "either"]

NO_DATA: Final = "no data yet"
_TO: Final = "\N{EN DASH}"
_MINUS: Final = "\N{MINUS SIGN}"
#: Answers below which a score says nothing by itself.
_FEWEST_ANSWERS: Final = 100
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
#: Changes below this are written as "no change".
_SMALLEST: Final = {"share": 0.0005, "money": 0.0005, "number": 0.0005, "duration": 0.0005, "score": 0.05}


class Figure(Struct, frozen=True, kw_only=True):
    """A number of a report, beside the one before it.

    Attributes:
        title: name of the number.
        unit: what it measures.
        good: the direction of a change that is good for the shop.
        now: the number.
        before: the number in the period before; undefined without one.
        currency: ISO 4217 code of money; empty for other units.
    """

    title: str
    unit: Unit
    good: Direction
    now: Number
    before: Number
    currency: str = ""

    @property
    def value(self) -> str:
        """The number as text."""
        return written(self.now.value, self.unit, self.currency)

    @property
    def earlier(self) -> str:
        """The number in the period before as text; empty without one."""
        return written(self.before.value, self.unit, self.currency) if self.before.exists else ""

    @property
    def bounds(self) -> str:
        """The 95 % confidence bounds as text; empty without any."""
        low, high = self.now.low, self.now.high
        if self.unit != "share" or low is None or high is None:
            return ""
        return f"{100 * low:.1f}{_TO}{100 * high:.1f} %"

    @property
    def rests_on(self) -> str:
        """The number of things that a ratio or mean rests on, as text; empty for other numbers."""
        denominator = self.now.denominator
        is_count = denominator is not None and self.unit != "money"
        return f"{denominator:,.0f}" if is_count else ""

    @property
    def difference(self) -> float | None:
        """The change: points of a share or score, else a share of the number before. None if unknown."""
        now, before = self.now.value, self.before.value
        if isnan(now) or isnan(before):
            return None
        if self.unit in {"share", "score"}:
            return now - before
        return (now - before) / abs(before) if before else (None if now else 0.0)

    @property
    def may_be_chance(self) -> bool:
        """Whether the change of a share is within what chance alone explains (Newcombe, 95 %)."""
        if self.unit != "share" or not self.is_changed:
            return False
        parts = (self.before.numerator, self.before.denominator, self.now.numerator, self.now.denominator)
        if self.now.low is None or any(part is None for part in parts):
            return False
        hits_before, before, hits, now = (float(part or 0) for part in parts)
        low, high = newcombe((hits_before, before), (hits, now))
        return low is not None and high is not None and low <= 0 <= high

    @property
    def is_changed(self) -> bool:
        """Whether the number differs from the one before as it is written."""
        difference = self.difference
        return difference is not None and abs(difference) >= _SMALLEST[self.unit]

    @property
    def change(self) -> str:
        """The change as text; empty if it is unknown."""
        difference = self.difference
        if difference is None:
            return ""
        if not self.is_changed:
            return "no change"
        sign = "+" if difference > 0 else _MINUS
        if self.unit == "share":
            return f"{sign}{100 * abs(difference):.1f} points"
        return f"{sign}{abs(difference):.1f} points" if self.unit == "score" else _percent(sign, difference)

    @property
    def judgement(self) -> Literal["good", "bad", "none"]:
        """Whether the change is good or bad for the shop; `none` if it is neither, or may be chance."""
        difference = self.difference
        if difference is None or not self.is_changed or self.good == "either" or self.may_be_chance:
            return "none"
        if self.unit == "score" and (self.now.denominator or 0) < _FEWEST_ANSWERS:
            return "none"
        return "good" if (difference > 0) == (self.good == "up") else "bad"


def _percent(sign: str, difference: float) -> str:
    share = 100 * abs(difference)
    return f"{sign}{share:,.0f} %" if share >= 10 else f"{sign}{share:.1f} %"  # noqa: PLR2004 - two digits


def written(value: float, unit: Unit, currency: str = "") -> str:
    """Return a number as text in its unit.

    Example:
        >>> written(0.4125, "share"), written(34.5, "money", "EUR"), written(5400, "duration")
        ('41.2 %', '34.50 EUR', '1h 30m')
    """
    if isnan(value):
        return NO_DATA
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "money":
        digits = 0 if abs(value) >= 1000 else 2  # noqa: PLR2004 - cents do not matter from here on
        return f"{value:,.{digits}f} {currency}".rstrip()
    if unit == "duration":
        return _duration(value)
    return f"{value:,.1f}" if unit == "score" else f"{value:,.0f}"


def _duration(seconds: float) -> str:
    """Return a duration with its two largest units."""
    if seconds < _MINUTE:
        return f"{seconds:.0f}s"
    minutes = round(seconds / _MINUTE)
    if minutes < _HOUR // _MINUTE:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, _HOUR // _MINUTE)
    if hours < 2 * _DAY // _HOUR:
        return f"{hours}h {minutes:02}m"
    days, hours = divmod(hours, _DAY // _HOUR)
    return f"{days}d {hours}h"
