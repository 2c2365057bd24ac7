"""Which period a report is about: a closed calendar period, or a window where no periods are configured."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from models.query.movement_parameters import Against
from streams.errors import RetentionError
from streams.report.numbers import Numbers

#: Metric whose series name the calendar periods that exist.
_NAMING: Final = "retention_period_orders"
#: Metric that every configured window has.
_BY_WINDOW: Final = "retention_customers"
#: Kind -> the window of the same length, and the distance of the comparison in `/explain`.
WINDOWS: Final[Mapping[str, tuple[str, Against]]] = {"week": ("7d", "1w"), "month": ("30d", "4w")}
KINDS: Final = ("week", "month", "quarter", "year")
_LABEL: Final = re.compile(
    r"(?P<week>\d{4}-\d\d-\d\d)|(?P<month>\d{4}-\d\d)|(?P<quarter>\d{4}-Q[1-4])|(?P<year>\d{4})", re.ASCII
)
#: Name of one period of a kind, and of several.
NAMES: Final = {kind: (kind, f"{kind}s") for kind in KINDS}


class PeriodName(Struct, frozen=True):
    """A calendar period of the series.

    Attributes:
        kind: `week`, `month`, `quarter` or `year`.
        label: label of the period, such as `2026-10`.
        basis: `running` or `as_now`.
    """

    kind: str
    label: str
    basis: str

    @property
    def title(self) -> str:
        """The period as a title, such as `October 2026`."""
        return title_of(self.kind, self.label)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the series of the period."""
        return {"kind": self.kind, "period": self.label, "basis": self.basis}


class Subject(Struct, frozen=True):
    """What a report is about.

    Attributes:
        kind: kind of the period; of a window, `week` or `month`.
        period: the calendar period; None if the report is about a window.
        earlier: calendar periods before it that have series, ascending.
        window: name of the window of the same length, such as `7d`.
        against: distance of the comparison in `/explain`, such as `1w`.
        is_latest: whether no later period is over, so that what moved of late is what moved in it.
        has_window: whether the window is computed.
    """

    kind: str
    period: PeriodName | None
    earlier: tuple[PeriodName, ...]
    window: str
    against: Against
    is_latest: bool = True
    has_window: bool = True

    @property
    def is_explained(self) -> bool:
        """Whether a change of the window is a change of the period."""
        return self.is_latest and self.has_window and self.kind in WINDOWS

    @property
    def before(self) -> PeriodName | None:
        """The calendar period before the period. None without one."""
        return self.earlier[-1] if self.earlier else None

    @property
    def compared(self) -> PeriodName | None:
        """The calendar period to compare with. None without one, or while the period runs."""
        is_over = self.period is not None and self.period.basis != "running"
        return self.before if is_over else None


def kind_of(text: str) -> str:
    """Return the kind of a period that a kind or a label names.

    Raises:
        ValueError: the text is neither.

    Example:
        >>> kind_of("month"), kind_of("2026-10"), kind_of("2026-10-05"), kind_of("2026-Q4")
        ('month', 'month', 'week', 'quarter')
    """
    if text in KINDS:
        return text
    match = _LABEL.fullmatch(text)
    if match is None or match.lastgroup is None or not _exists(match):
        raise ValueError(f"{text!r} is neither a kind ({', '.join(KINDS)}) nor a label such as 2026-10")
    return match.lastgroup


def _exists(label: re.Match[str]) -> bool:
    """Return whether the calendar has the day or the month of a label."""
    first = (label["week"] or f"{label['month'] or label[0][:4]}-01-01")[: len("2026-10-01")]
    try:
        date.fromisoformat(first)
    except ValueError:
        return False
    return True


def window_of(kind: str) -> tuple[str, Against]:
    """Return the window that is nearest to a kind, and the distance of its comparison."""
    return WINDOWS["week" if kind == "week" else "month"]


def choose(numbers: Numbers, text: str) -> Subject:
    """Return what a report is about.

    Args:
        numbers: the current series.
        text: kind of a period, for the latest one that is over, or label of a period.

    Raises:
        RetentionError: there is no such period, and no window of its length.
    """
    kind = kind_of(text)
    window, against = window_of(kind)
    known = known_periods(numbers, kind)
    has_window = any(labels["window"] == window for labels in numbers.labels(_BY_WINDOW))
    if not known:
        if text not in WINDOWS:
            raise RetentionError(f"no {kind} is computed", f'add "{kind}" to `kinds` of [periods]')
        if not has_window:
            raise RetentionError(
                f"neither a calendar {kind} nor the window {window} is computed",
                f'add "{kind}" to `kinds` of [periods], or "{window}" to `windows`',
            )
        return Subject(kind, None, (), window, against)
    over = [period for period in known if period.basis != "running"] or known
    chosen = over[-1] if text == kind else next((one for one in known if one.label == text), None)
    if chosen is None:
        labels = ", ".join(period.label for period in known)
        raise RetentionError(f"the {kind} {text} has no series", f"those that have series are {labels}")
    earlier = tuple(known[: known.index(chosen)])
    is_latest = chosen.label >= over[-1].label
    return Subject(kind, chosen, earlier, window, against, is_latest, has_window)


def known_periods(numbers: Numbers, kind: str) -> list[PeriodName]:
    """Return the periods of a kind that have series, ascending."""
    found = {
        (labels["period"], labels["basis"])
        for labels in numbers.labels(_NAMING)
        if labels["kind"] == kind and labels["basis"] in {"running", "as_now"}
    }
    return [PeriodName(kind, label, basis) for label, basis in sorted(found)]


def title_of(kind: str, label: str) -> str:
    """Return a period as a title.

    Example:
        >>> title_of("week", "2026-10-05"), title_of("month", "2026-10"), title_of("quarter", "2026-Q4")
        ('Week of 5 October 2026', 'October 2026', 'Quarter 4 of 2026')
    """
    if kind == "week":
        return f"Week of {_day(date.fromisoformat(label))}"
    if kind == "month":
        return f"{date.fromisoformat(f'{label}-01'):%B %Y}"
    return f"Quarter {label[-1]} of {label[:4]}" if kind == "quarter" else label


def days_of(period: PeriodName) -> str:
    """Return the days of a week as text; empty for other kinds, whose title says them."""
    if period.kind != "week":
        return ""
    first = date.fromisoformat(period.label)
    return _span(first, first + timedelta(days=6))


def _span(first: date, last: date) -> str:
    if first.year != last.year:
        return f"{_day(first)} to {_day(last)}"
    begin = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    return f"{begin} to {_day(last)}"


def window_days(window: str, as_of: float, zone: str) -> str:
    """Return the days of a window in days as text.

    Args:
        window: name of the window, such as `7d`.
        as_of: its end, seconds since the epoch.
        zone: IANA name of a time zone.

    Example:
        >>> window_days("7d", 1772704800, "Europe/Berlin")
        '26 February to 5 March 2026'
    """
    last = datetime.fromtimestamp(int(as_of), ZoneInfo(zone)).date()
    return _span(last - timedelta(days=int(window[:-1])), last)


def length_of(window: str) -> str:
    """Return the length of a window in words, such as `7 days`."""
    return f"{window[:-1]} {'days' if window[-1] == 'd' else 'hours'}"


def short_of(period: PeriodName) -> str:
    """Return a period as a short label of an axis, such as `5 Oct`."""
    if period.kind == "week":
        first = date.fromisoformat(period.label)
        return f"{first.day} {first:%b}"
    if period.kind == "month":
        return f"{date.fromisoformat(f'{period.label}-01'):%b}"
    return period.label[5:] if period.kind == "quarter" else period.label


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
