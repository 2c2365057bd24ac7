"""The trend of a report: the periods up to its subject, or the configured windows."""

from itertools import dropwhile
from math import isnan
from typing import NamedTuple

from msgspec import Struct

from streams.report.numbers import Number, Numbers
from streams.report.periods import PeriodName, Subject, short_of


class Share(NamedTuple):
    """A share with its 95 % confidence bounds.

    Attributes:
        value: the share; NaN if it is undefined.
        low: lower bound; None without one.
        high: upper bound; None without one.
    """

    value: float
    low: float | None
    high: float | None


class TrendRow(Struct, frozen=True):
    """One period of a trend.

    Attributes:
        label: short label of the period.
        stayed: share of the customers who stayed.
        retained: customers of both this period and the one before.
        new: customers whose first order is in the period.
        reactivated: customers who came back.
        lost: customers of the period before only.
        net: net revenue, major units.
        late: share of the first responses by an agent that came too late.
        is_subject: whether the report is about this period.
    """

    label: str
    stayed: Share
    retained: float
    new: float
    reactivated: float
    lost: float
    net: float
    late: Share
    is_subject: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in the period, and nobody was active before it."""
        return isnan(self.stayed.value) and not (self.new or self.reactivated or self.net)


def of_periods(numbers: Numbers, subject: Subject, period: PeriodName) -> list[TrendRow]:
    """Return the periods up to the subject, ascending, without those before the first customer."""
    rows = (
        _row(numbers, "retention_period_", one.labels, short_of(one), is_subject=one == period)
        for one in (*subject.earlier, period)
    )
    return list(dropwhile(lambda row: row.is_empty and not row.is_subject, rows))


def of_windows(numbers: Numbers, subject: Subject) -> list[TrendRow]:
    """Return the configured windows, by length."""
    names = {labels["window"] for labels in numbers.labels("retention_orders")}
    return [
        _row(numbers, "retention_", {"window": name}, name, is_subject=name == subject.window)
        for name in sorted(names, key=lambda name: (name[-1] != "h", int(name[:-1])))
    ]


def _row(numbers: Numbers, prefix: str, labels: dict[str, str], label: str, *, is_subject: bool) -> TrendRow:
    late = {"sla": "first_human_response"} | ({} if "kind" in labels else {"priority": "all"})
    rate = numbers.of(f"{prefix}rate_ratio", **labels, method="cohort")
    retained, new, reactivated, lost = (
        _count(numbers.of(f"{prefix}customers", **labels, set=name).value)
        for name in ("retained", "new", "reactivated", "lost")
    )
    return TrendRow(
        label=label,
        stayed=_share(rate),
        retained=retained,
        new=new,
        reactivated=reactivated,
        lost=lost,
        net=_count(numbers.of(f"{prefix}net_revenue", **labels, currency=numbers.currency).value),
        late=_share(numbers.of(f"{prefix}sla_breach_ratio", **labels, **late)),
        is_subject=is_subject,
    )


def _share(number: Number) -> Share:
    return Share(number.value, number.low, number.high)


def _count(value: float) -> float:
    return 0.0 if isnan(value) else value
