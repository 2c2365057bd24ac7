"""The sections of a report: which figures it shows, of which series, in which order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from models.definitions.names import UNKNOWN
from models.definitions.segments import REFERRED
from models.metrics.closings import AS_CLOSED
from streams.report.figures import Direction, Figure, Unit
from streams.report.numbers import Number, Numbers
from streams.report.periods import PeriodName, Subject


class Section(Struct, frozen=True):
    """A table of figures.

    Attributes:
        title: subject of the figures.
        figures: the figures. Those without any data are left out, but for the first one of a report.
    """

    title: str
    figures: tuple[Figure, ...]


class _Row(Struct, frozen=True):
    """Where a figure comes from.

    Attributes:
        title: name of the figure.
        unit: its unit.
        good: the direction of a change that is good for the shop.
        metric: name of the metric, without `retention_` or `retention_period_`.
        labels: labels besides those of the period or window.
    """

    title: str
    unit: Unit
    good: Direction
    metric: str
    labels: Mapping[str, str] = {}


_NO_LABELS: Final[Mapping[str, str]] = {}
_SLAS: Final = {
    "first_response": "First response too late",
    "first_human_response": "First response by an agent too late",
    "next_response": "Next response too late",
    "resolution": "Resolution too late",
    "promise": "Promise broken",
}

#: Title of the figure that a report begins with.
STAYED: Final = "Customers who stayed"
_SETS: Final = (
    _Row(STAYED, "share", "up", "rate_ratio", {"method": "cohort"}),
    _Row("Active customers", "number", "up", "customers", {"set": "end"}),
    _Row("Retained", "number", "up", "customers", {"set": "retained"}),
    _Row("Lost", "number", "down", "customers", {"set": "lost"}),
    _Row("New", "number", "up", "customers", {"set": "new"}),
    _Row("Reactivated", "number", "up", "customers", {"set": "reactivated"}),
)
_MONEY: Final = (
    _Row("Orders", "number", "up", "orders"),
    _Row("Net revenue", "money", "up", "net_revenue"),
    _Row("Average order value", "money", "up", "average_order_value"),
    _Row("Orders refunded so far", "share", "either", "refund_ratio"),
)
_SCORES: Final = (
    _Row("Satisfied (CSAT)", "share", "up", "csat_ratio"),
    _Row("Net promoter score", "score", "up", "nps"),
)
#: Sum of money -> the number of things that it is over.
_COUNTED: Final = {
    "Net revenue": "Orders",
    "Net revenue of first orders": "First orders",
    "Net revenue of repeat orders": "Repeat orders",
}
#: Labels that the series of a window have besides, by metric.
_OF_WINDOW: Final[Mapping[str, Mapping[str, str]]] = {
    "average_order_value": {"orders": "all"},
    "refund_ratio": {"basis": "orders"},
    "sla_breach_ratio": {"priority": "all"},
}
#: Subject -> rows of windows alone.
_FURTHER: Final[Mapping[str, tuple[_Row, ...]]] = {
    "Customers": (
        _Row("Two orders or more", "share", "up", "returning_customer_ratio", {"method": "window"}),
        _Row("Time to the second order, mean", "duration", "down", "second_order_mean_seconds"),
    ),
    "Orders and money": (
        _Row("First orders", "number", "up", "orders_by_kind", {"orders": "first"}),
        _Row("Repeat orders", "number", "up", "orders_by_kind", {"orders": "repeat"}),
        _Row("Net revenue of first orders", "money", "up", "net_revenue_by_kind", {"orders": "first"}),
        _Row("Net revenue of repeat orders", "money", "up", "net_revenue_by_kind", {"orders": "repeat"}),
        _Row("Carts abandoned", "share", "down", "cart_abandonment_ratio"),
        _Row("Delivered on time", "share", "up", "on_time_delivery_ratio"),
    ),
    "Support": (
        _Row(
            "First response by an agent, mean", "duration", "down", "first_response_mean_seconds",
            {"by": "human", "priority": "all", "clock": "calendar"},
        ),
        _Row(
            "Full resolution, mean", "duration", "down", "resolution_mean_seconds",
            {"kind": "full", "priority": "all", "clock": "calendar"},
        ),
        _Row("Reopened", "share", "down", "reopened_ratio"),
        _Row("Contacted us again", "share", "down", "repeat_contact_ratio"),
    ),
    "Feedback": (
        _Row("Rating of reviews, of 5", "score", "up", "review_rating"),
        _Row("Orders with a review", "share", "up", "review_ratio"),
    ),
}  # fmt: skip


class Source(Struct, frozen=True):
    """Where the numbers of a report and those before come from.

    Attributes:
        now: the current series.
        before: series of an earlier instant, for the changes of windows; without any, these are unknown.
    """

    now: Numbers
    before: Numbers


def of_period(source: Source, period: PeriodName, before: PeriodName | None) -> list[Section]:
    """Return the sections of a calendar period, compared with the period before."""
    numbers = source.now
    sections = []
    for title, rows in _period_rows(numbers).items():
        known = [row for row in rows if _of_period(numbers, row, period).is_known]
        sections.append(_section(title, [_period_figure(numbers, row, period, before) for row in known]))
    return [section for section in sections if section.figures]


def closed_figures(numbers: Numbers, period: PeriodName) -> list[Figure]:
    """Return the figures of a calendar period as known now, compared with those at its close."""
    frozen = replace(period, basis=AS_CLOSED)
    every = (row for rows in _period_rows(numbers).values() for row in rows)
    return [_period_figure(numbers, row, period, frozen) for row in every]


def _period_rows(numbers: Numbers) -> dict[str, Sequence[_Row]]:
    slas = _sla_rows(numbers, "retention_period_sla_breach_ratio")
    return {"Customers": _SETS, "Orders and money": _MONEY, "Support": slas, "Feedback": _SCORES}


def _of_period(numbers: Numbers, row: _Row, period: PeriodName | None) -> Number:
    if period is None:
        return Number(None)
    return numbers.of(f"retention_period_{row.metric}", **period.labels, **_labels(row, numbers))


def _period_figure(numbers: Numbers, row: _Row, period: PeriodName, before: PeriodName | None) -> Figure:
    now, earlier = _of_period(numbers, row, period), _of_period(numbers, row, before)
    return _figure(row, now, earlier, numbers.currency)


def of_window(source: Source, subject: Subject, *, whole: bool) -> list[Section]:
    """Return the sections of a window.

    Args:
        source: the numbers.
        subject: subject of the report, which names the window.
        whole: whether the sections have the figures that a calendar period has too.
    """
    named = dict(_FURTHER)
    named["Customers"] = (*named["Customers"], *_referred_rows(source.now))
    if whole:
        slas = _sla_rows(source.now, "retention_sla_breach_ratio")
        shared = {"Customers": _SETS, "Orders and money": _MONEY, "Support": slas, "Feedback": _SCORES}
        named = {title: (*shared[title], *rows) for title, rows in named.items()}
    sections = [
        _section(title, list(_window_figures(source, subject.window, rows))) for title, rows in named.items()
    ]
    return [section for section in sections if section.figures]


def _referred_rows(numbers: Numbers) -> Iterator[_Row]:
    """Yield the rows of the segment by referral, which has its three values and no others.

    A shop without referred customers has none.
    """
    values: dict[str, set[str]] = {}
    with_referred = set()
    for labels in numbers.labels("retention_segment_rate_ratio"):
        values.setdefault(labels["segment"], set()).add(labels["value"])
        if labels["value"] == REFERRED[0] and numbers.of("retention_segment_rate_ratio", **labels).exists:
            with_referred.add(labels["segment"])
    titles = dict(zip(REFERRED, ("Referred customers who stayed", "Others who stayed"), strict=True))
    for segment in sorted(name for name in with_referred if values[name] == {*titles, UNKNOWN}):
        for value, title in titles.items():
            yield _Row(title, "share", "up", "segment_rate_ratio", {"segment": segment, "value": value})


def _window_figures(source: Source, window: str, rows: Sequence[_Row]) -> Iterator[Figure]:
    for row in rows:
        labels = {
            "window": window,
            **_labels(row, source.now),
            **_OF_WINDOW.get(row.metric, _NO_LABELS),
        }
        now = source.now.of(f"retention_{row.metric}", **labels)
        if now.is_known:
            before = source.before.of(f"retention_{row.metric}", **labels)
            yield _figure(row, now, before, source.now.currency)


def _labels(row: _Row, numbers: Numbers) -> dict[str, str]:
    money = {"currency": numbers.currency} if row.unit == "money" else {}
    return {**row.labels, **money}


def _figure(row: _Row, now: Number, before: Number, currency: str) -> Figure:
    return Figure(
        title=row.title,
        unit=row.unit,
        good=row.good,
        now=now,
        before=before,
        currency=currency if row.unit == "money" else "",
    )


def _section(title: str, figures: Sequence[Figure]) -> Section:
    by_title = {figure.title: figure for figure in figures}
    with_data = tuple(
        replace(figure, counted=by_title.get(_COUNTED.get(figure.title, "")))
        for figure in figures
        if figure.now.exists or figure.title == STAYED
    )
    return Section(title, with_data)


def _sla_rows(numbers: Numbers, metric: str) -> tuple[_Row, ...]:
    """Return a row for each kind of target that is computed."""
    kinds = {labels["sla"] for labels in numbers.labels(metric)}
    return tuple(
        _Row(title, "share", "down", "sla_breach_ratio", {"sla": kind})
        for kind, title in _SLAS.items()
        if kind in kinds
    )
