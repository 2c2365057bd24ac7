"""The tables of a report, for all forms."""

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Final

from msgspec import Struct

from streams.report.content import Report
from streams.report.explanation import Explanation
from streams.report.figures import Figure, percent, written
from streams.report.periods import length_of
from streams.report.restated import Restatement
from streams.report.sections import Section
from streams.report.trend import Share

#: What the columns of effects mean.
_EFFECTS: Final = (
    "Rate effect: the share of the group itself changed. Mix effect: the group became larger or smaller."
)


class Table(Struct, frozen=True):
    """A table of texts. The first column has names, the others numbers.

    Attributes:
        title: subject of the table.
        columns: heads of the columns; the first one is empty.
        rows: the cells of each row.
        remark: what a reader has to know about the numbers; may be empty.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    remark: str = ""


def tables(report: Report) -> Iterator[Table]:
    """Yield the tables of a report that have rows, in their order."""
    yield from _sections(report.sections, "", "" if report.window_sections else report.remark)
    if report.restated is not None:
        yield restated_table(report.restated)
    if report.trend:
        yield trend_table(report)
    yield from _sections(report.window_sections, f", last {length_of(report.window)}", report.remark)
    for explanation in report.explanations:
        yield explanation_table(explanation)
    if report.budgets:
        yield budget_table(report)


def change_text(figure: Figure) -> str:
    """Return the change of a figure, and whether it may be chance; or why it has none."""
    return f"{figure.change} ({figure.doubt})" if figure.doubt else figure.change


def _sections(sections: Sequence[Section], title: str, remark: str) -> Iterator[Table]:
    """Yield the tables of figures, the last one with the remark about all of them."""
    last = len(sections) - 1
    for index, section in enumerate(sections):
        yield _figures(section, section.title + title, remark if index == last else "")


def _figures(section: Section, title: str, remark: str) -> Table:
    rows = [
        (figure.title, figure.value, figure.bounds, figure.earlier, change_text(figure))
        for figure in section.figures
    ]
    return Table(title, ("", "now", "95 %", "before", "change"), rows, remark)


def trend_table(report: Report) -> Table:
    """Return the periods, or windows, with their customers and money."""
    with_late = any(not isnan(row.late.value) for row in report.trend)
    rows = [
        (
            row.label,
            _share(row.stayed),
            *(written(count, "number") for count in (row.retained, row.new, row.reactivated)),
            written(row.lost, "number"),
            written(row.net, "money", report.currency),
            *([_share(row.late)] if with_late else []),
        )
        for row in report.trend
    ]
    columns = ("", "stayed", "retained", "new", "reactivated", "lost", "net revenue")
    if not with_late:
        return Table(report.trend_title, columns, rows)
    remark = "Too late: share of the first responses by an agent that missed their target."
    return Table(report.trend_title, (*columns, "too late"), rows, remark)


def _share(share: Share) -> str:
    return "-" if isnan(share.value) else written(share.value, "share")


def restated_table(restated: Restatement) -> Table:
    """Return the values at the close of a period that differ from those known now."""
    reasons = f"Since then: {', '.join(restated.reasons)}." if restated.reasons else ""
    return Table("Changed since the close", ("", "as closed", "now", "difference"), restated.rows, reasons)


def explanation_table(explanation: Explanation) -> Table:
    """Return what the change of a ratio consists of."""
    columns = (explanation.by, "before", "now", "rate effect", "mix effect")
    effects = f" {_EFFECTS}" if explanation.terms else ""
    remark = " ".join(explanation.sentences) + effects
    return Table(f"Why: {explanation.title}", columns, explanation.terms, remark)


def budget_table(report: Report) -> Table:
    """Return how fast the error budgets burn."""
    rows = [
        (f"{budget.title}, {percent(budget.objective)}", *(rate.text for rate in budget.rates.values()))
        for budget in report.budgets
    ]
    columns = ("", *report.budgets[0].rates)
    remark = "1 uses the budget of 30 days up exactly; above 1, it is used up earlier."
    return Table("Burn rate of error budgets", columns, rows, remark)
