"""The notices of a report: what a reader has to know about its numbers."""

from collections.abc import Mapping
from typing import Final

from streams.report.figures import Unit, written
from streams.report.numbers import Numbers, instant
from streams.report.periods import NAMES, PeriodName, Subject

#: Numbers older than this are named as old, seconds.
_OLD_SECONDS: Final = 6 * 3600


def age_notices(numbers: Numbers, present: float) -> list[str]:
    """Return a notice if the numbers of a worker are old.

    Args:
        numbers: the current series.
        present: time of the report, seconds since the epoch.
    """
    as_of = numbers.as_of or 0
    if present - as_of <= _OLD_SECONDS:
        return []
    return [f"These numbers are of {instant(as_of)}, not of today."]


def notices_of(numbers: Numbers, subject: Subject) -> list[str]:
    """Return the notices about the numbers of a subject."""
    catching_up = "The workers are still catching up: these are the last complete numbers."
    return [*([] if numbers.caught_up else [catching_up]), *_of_period(numbers, subject)]


def _of_period(numbers: Numbers, subject: Subject) -> list[str]:
    if subject.period is None:
        several = NAMES[subject.kind][1]
        text = (
            f"No calendar {several} are configured, so this is the window {subject.window}: "
            f'kinds = ["{subject.kind}"] in [periods] makes it a report of calendar {several}.'
        )
        return [text]
    if subject.period.basis == "running":
        return [f"The {subject.kind} is not over: these are its numbers so far."]
    return _restated(numbers, subject.period)


def _restated(numbers: Numbers, period: PeriodName) -> list[str]:
    """Return a notice of the values that were frozen at the close and differ from the present ones."""
    compared: tuple[tuple[str, Unit, str, dict[str, str]], ...] = (
        ("net revenue", "money", "net_revenue", {"currency": numbers.currency}),
        ("orders", "number", "orders", {}),
        ("customers who stayed", "share", "rate_ratio", {"method": "cohort"}),
    )
    known = [
        f"{title} {written(frozen, unit, numbers.currency if unit == 'money' else '')}"
        for title, unit, metric, labels in compared
        if (frozen := _frozen(numbers, period, f"retention_period_{metric}", labels)) is not None
    ]
    if not known:
        return []
    return [f"When the {period.kind} was closed: {', '.join(known)}. Later events have changed this."]


def _frozen(numbers: Numbers, period: PeriodName, metric: str, labels: Mapping[str, str]) -> float | None:
    """Return the value of a series at the close. None if it is the present one, or not known."""
    now = numbers.of(metric, **period.labels, **labels)
    frozen = numbers.of(metric, **(period.labels | {"basis": "as_closed"}), **labels)
    is_restated = now.exists and frozen.exists and now.value != frozen.value
    return frozen.value if is_restated else None
