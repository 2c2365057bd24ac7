"""The notices of a report: what a reader has to know about its numbers."""

from typing import Final

from streams.report.numbers import Numbers, instant
from streams.report.periods import NAMES, Subject

#: Numbers older than this are named as old, seconds.
_OLD_SECONDS: Final = 6 * 3600


def age_notices(numbers: Numbers, present: float, zone: str) -> list[str]:
    """Return a notice if the numbers of a worker are old.

    Args:
        numbers: the current series.
        present: time of the report, seconds since the epoch.
        zone: zone in which the notice names an instant.
    """
    as_of = numbers.as_of or 0
    if present - as_of <= _OLD_SECONDS:
        return []
    return [f"These numbers are of {instant(as_of, zone)}, not of today."]


def notices_of(numbers: Numbers, subject: Subject) -> list[str]:
    """Return the notices about the numbers of a subject."""
    catching_up = "The workers are still catching up: these are the last complete numbers."
    return [*([] if numbers.caught_up else [catching_up]), *_of_period(subject)]


def _of_period(subject: Subject) -> list[str]:
    if subject.period is None:
        several = NAMES[subject.kind][1]
        text = (
            f"No calendar {several} are configured, so this is the window {subject.window}: "
            f'kinds = ["{subject.kind}"] in [periods] makes it a report of calendar {several}.'
        )
        return [text]
    if subject.period.basis == "running":
        return [f"The {subject.kind} is not over: its numbers so far are not compared with a whole one."]
    return []
