"""The content of a report, without a form: what the text, Markdown and HTML have in common."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from streams.errors import RetentionError
from streams.monitoring import alerting_files
from streams.report import sections
from streams.report.explanation import DISTANCES, Explanation
from streams.report.figures import Figure
from streams.report.notices import notices_of
from streams.report.numbers import Numbers, instant
from streams.report.periods import NAMES, PeriodName, Subject, choose, days_of, length_of, window_days
from streams.report.restated import Restatement, is_closed, restatement_of
from streams.report.sections import STAYED, Section, Source
from streams.report.trend import TrendRow, of_periods, of_windows
from streams.report.urgent import Budget, Urgent, budgets, urgent


class Report(Struct, frozen=True, kw_only=True):
    """A report of a week, a month, or another period.

    Attributes:
        title: the period.
        subtitle: what the numbers are compared with, and their instant.
        summary: the most important numbers in sentences.
        notices: what a reader has to know about the numbers.
        restated: what has changed since the period was closed; None if nothing has.
        sections: the figures of the period.
        window_sections: figures that only windows have; empty if `sections` has them.
        window: name of the window of `window_sections`.
        remark: what a reader has to know about the changes of windows; may be empty.
        trend: the periods up to the subject, ascending; of windows, each configured window.
        over_time: whether the rows of the trend follow each other in time.
        trend_title: title of the trend.
        currency: ISO 4217 code of money.
        explanations: why ratios moved.
        urgent: numbers that exceed their threshold now.
        budgets: the error budgets with enough decisions to judge by.
        alerts: summaries of the alerts that fire in Prometheus; None without one.
    """

    title: str
    subtitle: str
    summary: list[str]
    notices: list[str]
    restated: Restatement | None
    sections: list[Section]
    window_sections: list[Section]
    window: str
    remark: str
    trend: list[TrendRow]
    over_time: bool
    trend_title: str
    currency: str
    explanations: list[Explanation]
    urgent: list[Urgent]
    budgets: list[Budget]
    alerts: list[Urgent] | None

    @property
    def highlights(self) -> list[Figure]:
        """The figures that the report begins with."""
        wanted = (STAYED, "Net revenue", "Orders", "Satisfied (CSAT)")
        found = {figure.title: figure for section in self.sections for figure in section.figures}
        return [found[title] for title in wanted if title in found]

    @property
    def needs_attention(self) -> list[Urgent]:
        """What needs attention: the alerts of Prometheus, or else numbers beyond their thresholds."""
        return self.urgent if self.alerts is None else self.alerts

    @property
    def nothing_urgent(self) -> str:
        """The sentence for a report in which nothing needs attention."""
        if self.alerts is not None:
            return "No alert fires in Prometheus."
        return "Nothing: no number is beyond the threshold of its alert."


class Material(Struct, frozen=True, kw_only=True):
    """Everything that a report is made of, as the source has it.

    Attributes:
        source: the series now and before.
        explanations: why ratios moved.
        notices: what the source has to say about the numbers.
        alerts: alerts that fire in Prometheus; None without one.
        compared: what a reader has to know about the earlier values of windows; may be empty.
        uncompared: why numbers of windows have no earlier value, where that is so; may be empty.
        zone: IANA name of the zone in which the report names instants.
        closed: instant at which the values of the period were frozen, as text; empty if it is not known.
    """

    source: Source
    explanations: Sequence[Explanation] = ()
    notices: Sequence[str] = ()
    alerts: Sequence[Urgent] | None = None
    compared: str = ""
    uncompared: str = ""
    zone: str = "UTC"
    closed: str = ""


def subject_of(numbers: Numbers, text: str) -> Subject:
    """Return what a report is about.

    Args:
        numbers: the current series.
        text: kind or label of a period.

    Raises:
        RetentionError: there are no numbers yet, or no such period.
    """
    if numbers.as_of is None:
        raise RetentionError(
            "there are no numbers yet", "wait until the workers are caught up and `/ready` responds with 200"
        )
    return choose(numbers, text)


def make(material: Material, subject: Subject) -> Report:
    """Return the report of a subject, from `subject_of`."""
    numbers, period = material.source.now, subject.period
    restated = None if period is None else restatement_of(numbers, period, material.closed)
    notices = [*notices_of(numbers, subject), *([] if restated is None else [restated.sentence])]
    limits: dict[str, Any] = alerting_files.thresholds()
    if period is None:
        found, further = sections.of_window(material.source, subject, whole=True), []
        trend, trend_title = of_windows(numbers, subject), "By window"
    else:
        found = sections.of_period(material.source, period, subject.compared)
        further = sections.of_window(material.source, subject, whole=False) if subject.is_latest else []
        trend = of_periods(numbers, subject, period)
        trend = trend if len(trend) > 1 else []
        trend_title = _trend_title(len(trend), subject, period)
    return Report(
        title=f"The last {length_of(subject.window)}" if period is None else period.title,
        subtitle=_subtitle(numbers, subject, material.zone),
        summary=_summary(found, subject),
        notices=[*notices, *material.notices],
        restated=restated,
        sections=found,
        window_sections=further,
        window=subject.window,
        remark=_remark(found if period is None else further, material),
        trend=trend if any(not row.is_empty for row in trend) else [],
        over_time=period is not None,
        trend_title=trend_title,
        currency=numbers.currency,
        explanations=list(material.explanations),
        urgent=urgent(numbers, limits),
        budgets=[budget for budget in budgets(numbers, limits) if budget.is_judged],
        alerts=None if material.alerts is None else list(material.alerts),
    )


def _subtitle(numbers: Numbers, subject: Subject, zone: str) -> str:
    seconds = numbers.as_of or 0.0
    as_of, period = f"as of {instant(seconds, zone)}", subject.period
    if period is None:
        days = window_days(subject.window, seconds, zone)
        return " · ".join([days, f"compared with {DISTANCES[subject.against]} before", as_of])
    compared = f"compared with the {subject.kind} before" if subject.compared else ""
    is_open = period.basis == "as_now" and is_closed(numbers, period) is False
    parts = [days_of(period), compared, as_of, "not closed yet" if is_open else ""]
    text = " · ".join(filter(None, parts))
    return text[0].upper() + text[1:]


def _trend_title(number: int, subject: Subject, period: PeriodName) -> str:
    periods = f"{number} {NAMES[subject.kind][1]}"
    return f"The last {periods}" if subject.is_latest else f"The {periods} up to {period.title}"


def _remark(of_window: Sequence[Section], material: Material) -> str:
    """Return the sentences about the changes of windows that apply."""
    figures = [figure for section in of_window for figure in section.figures if figure.now.exists]
    is_compared, is_uncompared = (
        any(figure.before.is_known == known for figure in figures) for known in (True, False)
    )
    remarks = (material.compared if is_compared else "", material.uncompared if is_uncompared else "")
    return " ".join(filter(None, remarks))


def _summary(found: Sequence[Section], subject: Subject) -> list[str]:
    figures = {figure.title: figure for section in found for figure in section.figures}
    unit = subject.kind if subject.period is not None else length_of(subject.window)
    sentences = []
    stayed = figures.get(STAYED)
    if stayed is not None and stayed.now.exists:
        chance = ", which may be chance" if stayed.may_be_chance else ""
        change = f" ({stayed.change}{chance})" if stayed.before.exists else ""
        sentences.append(f"{stayed.value} of the customers of the {unit} before stayed{change}.")
    net, orders = figures.get("Net revenue"), figures.get("Orders")
    if net is not None and orders is not None and (orders.now.value > 0 or orders.before.value > 0):
        change = f" ({net.change})" if net.before.exists else ""
        noun = "order" if orders.value == "1" else "orders"
        sentences.append(f"Net revenue was {net.value}{change}, from {orders.value} {noun}.")
    return sentences or ["There is no data yet."]
