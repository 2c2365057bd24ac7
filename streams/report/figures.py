"""Figures of a report: a number with its bounds and its change, and how each is written."""

from collections.abc import Mapping
from math import isnan
from typing import Final, Literal

from msgspec import Struct

from models.definitions.money import exponent
from models.metrics.bounds import UNDEFINED, Bounds, newcombe, wilson
from streams.report.numbers import Number

#: Share: a ratio from 0 to 1. Duration: seconds. Score: a number with a scale of its own, such as NPS.
Unit = Literal["share", "money", "number", "duration", "score"]
#: The direction of a change that is good for the shop.
Direction = Literal["up", "down", "either"]

NO_DATA: Final = "no data yet"
_TO: Final = "\N{EN DASH}"
_MINUS: Final = "\N{MINUS SIGN}"
#: Answers or things below which the change of a score or a mean is not judged.
_FEWEST: Final[Mapping[str, int]] = {"score": 100, "duration": 30, "money": 30}
#: Changes from here on are written as a multiple, as a share of the number before.
_MULTIPLE: Final = 9
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
        counted: the number of things that a sum of money is over; None for other numbers.
    """

    title: str
    unit: Unit
    good: Direction
    now: Number
    before: Number
    currency: str = ""
    counted: "Figure | None" = None

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
    def few(self) -> str:
        """The number of things behind a score or mean as text if they are too few to judge; else empty."""
        denominator = self.now.denominator
        if denominator is None or denominator >= _FEWEST.get(self.unit, 0):
            return ""
        return f"of only {denominator:,.0f}{' answers' if self.unit == 'score' else ''}"

    @property
    def doubt(self) -> str:
        """The reason why the change may mean nothing, as text; empty without one."""
        if not self.is_changed:
            return ""
        return "may be chance" if self.may_be_chance else self.few

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
        """Whether chance alone explains the change (95 %) of a share, or of a number of things."""
        if not self.is_changed or self.unit not in {"share", "number"}:
            return False
        bounds = self._bounds_of_share() if self.unit == "share" else self._bounds_of_count()
        return bounds.low is not None and bounds.high is not None and bounds.low <= 0 <= bounds.high

    def _bounds_of_share(self) -> Bounds:
        """Return the bounds of the difference, by Newcombe; undefined if the share has none itself."""
        parts = (self.before.numerator, self.before.denominator, self.now.numerator, self.now.denominator)
        if self.now.low is None or any(part is None for part in parts):
            return UNDEFINED
        hits_before, before, hits, now = (float(part or 0) for part in parts)
        return newcombe((hits_before, before), (hits, now))

    def _bounds_of_count(self) -> Bounds:
        """Return the bounds of the present share of both numbers, less one half.

        Things that happen independently and equally often in both periods are as likely in one as in the
        other one.
        """
        now, before = self.now.value, self.before.value
        low, high = wilson(now, now + before)
        return UNDEFINED if low is None or high is None else Bounds(low - 0.5, high - 0.5)

    @property
    def is_changed(self) -> bool:
        """Whether the number differs from the one before as it is written."""
        difference = self.difference
        return difference is not None and abs(difference) >= _SMALLEST[self.unit]

    @property
    def change(self) -> str:
        """The change as text, or the reason why there is none; empty without a number."""
        difference = self.difference
        if difference is None:
            return self._not_compared
        if not self.is_changed:
            return "no change"
        sign = "+" if difference > 0 else _MINUS
        if self.unit == "share":
            return f"{sign}{100 * abs(difference):.1f} points"
        return f"{sign}{abs(difference):.1f} points" if self.unit == "score" else _percent(sign, difference)

    @property
    def _not_compared(self) -> str:
        if not self.now.exists:
            return ""
        if self.before.exists:
            return "from 0"
        return "no data before" if self.before.is_known else "not compared"

    @property
    def judgement(self) -> Literal["good", "bad", "none"]:
        """Whether the change is good or bad for the shop; `none` if it is neither, or may be chance."""
        difference = self.difference
        if difference is None or not self.is_changed or self.good == "either" or self.may_be_chance:
            return "none"
        of_chance = self.counted is not None and (self.counted.may_be_chance or not self.counted.is_changed)
        if self.few or of_chance:
            return "none"
        return "good" if (difference > 0) == (self.good == "up") else "bad"


def difference_text(figure: Figure) -> str:
    """Return how much a figure differs from the one before, in its own unit; empty if that is unknown."""
    now, before = figure.now.value, figure.before.value
    if isnan(now) or isnan(before):
        return ""
    sign = "+" if now > before else _MINUS
    if figure.unit == "share":
        return f"{sign}{100 * abs(now - before):.1f} points"
    return f"{sign}{written(abs(now - before), figure.unit, figure.currency)}"


def _percent(sign: str, difference: float) -> str:
    if difference >= _MULTIPLE:
        return f"\N{MULTIPLICATION SIGN}{1 + difference:,.0f}"
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
        digits = 0 if abs(value) >= 1000 else exponent(currency)  # noqa: PLR2004 - cents do not matter from here on
        return f"{_signed(value, digits)} {currency}".rstrip()
    if unit == "duration":
        return _duration(value)
    return _signed(value, 1 if unit == "score" else 0)


def percent(share: float) -> str:
    """Return a share without needless digits, such as a configured limit.

    Example:
        >>> percent(0.95), percent(0.995)
        ('95 %', '99.5 %')
    """
    return f"{100 * share:.3g} %"


def _signed(value: float, digits: int) -> str:
    """Return a number with separators of thousands, and a minus sign if it is negative as it is written."""
    text = f"{abs(value):,.{digits}f}"
    is_zero = not text.strip("0.")
    return f"{_MINUS}{text}" if value < 0 and not is_zero else text


def _duration(seconds: float) -> str:
    """Return a duration with its two largest units."""
    if round(seconds) < _MINUTE:
        return f"{seconds:.0f}s"
    minutes = round(seconds / _MINUTE)
    if minutes < _HOUR // _MINUTE:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, _HOUR // _MINUTE)
    if hours < 2 * _DAY // _HOUR:
        return f"{hours}h {minutes:02}m"
    days, hours = divmod(hours, _DAY // _HOUR)
    return f"{days}d {hours}h"
