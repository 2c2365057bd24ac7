"""The course of a report: the periods up to its subject, or the configured windows."""

from math import isnan

from msgspec import Struct

from streams.report.numbers import Numbers
from streams.report.periods import PeriodName, Subject, short_of


class Point(Struct, frozen=True):
    """One period of a course.

    Attributes:
        label: short label of the period.
        stayed: share of the customers who stayed.
        low: lower 95 % confidence bound of `stayed`; None without one.
        high: upper 95 % confidence bound of `stayed`; None without one.
        retained: customers of both this period and the one before.
        new: customers whose first order is in the period.
        reactivated: customers who came back.
        lost: customers of the period before only.
        net: net revenue, major units.
        is_subject: whether the report is about this period.
    """

    label: str
    stayed: float
    low: float | None
    high: float | None
    retained: float
    new: float
    reactivated: float
    lost: float
    net: float
    is_subject: bool


def of_periods(numbers: Numbers, subject: Subject, period: PeriodName) -> list[Point]:
    """Return the periods up to the subject, ascending."""
    return [
        _point(numbers, "retention_period_", one.labels, short_of(one), is_subject=one == period)
        for one in (*subject.earlier, period)
    ]


def of_windows(numbers: Numbers, subject: Subject) -> list[Point]:
    """Return the configured windows, by length."""
    names = {labels["window"] for labels in numbers.labels("retention_orders")}
    return [
        _point(numbers, "retention_", {"window": name}, name, is_subject=name == subject.window)
        for name in sorted(names, key=lambda name: (name[-1] != "h", int(name[:-1])))
    ]


def _point(numbers: Numbers, prefix: str, labels: dict[str, str], label: str, *, is_subject: bool) -> Point:
    rate = numbers.of(f"{prefix}rate_ratio", **labels, method="cohort")
    retained, new, reactivated, lost = (
        _count(numbers.of(f"{prefix}customers", **labels, set=name).value)
        for name in ("retained", "new", "reactivated", "lost")
    )
    return Point(
        label=label,
        stayed=rate.value,
        low=rate.low,
        high=rate.high,
        retained=retained,
        new=new,
        reactivated=reactivated,
        lost=lost,
        net=_count(numbers.of(f"{prefix}net_revenue", **labels, currency=numbers.currency).value),
        is_subject=is_subject,
    )


def _count(value: float) -> float:
    return 0.0 if isnan(value) else value
