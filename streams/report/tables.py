"""The tables of a report, for all forms."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from streams.report.content import Report
from streams.report.explanation import Explanation
from streams.report.figures import Figure, written
from streams.report.periods import length_of
from streams.report.sections import Section


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
    for section in report.sections:
        yield _figures(section, section.title)
    if report.trend:
        yield trend_table(report)
    for section in report.window_sections:
        yield _figures(section, f"{section.title}, last {length_of(report.window)}")
    for explanation in report.explanations:
        yield explanation_table(explanation)
    if report.budgets:
        yield budget_table(report)


def change_text(figure: Figure) -> str:
    """Return the change of a figure, and whether it may be chance."""
    return f"{figure.change} (may be chance)" if figure.may_be_chance else figure.change


def _figures(section: Section, title: str) -> Table:
    rows = [
        (figure.title, figure.value, figure.bounds, figure.earlier, change_text(figure))
        for figure in section.figures
    ]
    return Table(title, ("", "now", "95 %", "before", "change"), rows)


def trend_table(report: Report) -> Table:
    """Return the periods, or windows, with their customers and money."""
    rows = [
        (
            row.label,
            written(row.stayed.value, "share"),
            *(written(count, "number") for count in (row.retained, row.new, row.reactivated)),
            written(row.lost, "number"),
            written(row.net, "money", report.currency),
            written(row.late.value, "share"),
        )
        for row in report.trend
    ]
    columns = ("", "stayed", "retained", "new", "reactivated", "lost", "net revenue", "too late")
    remark = "Too late: first responses by a person, of those decided."
    return Table(report.trend_title, columns, rows, remark)


def explanation_table(explanation: Explanation) -> Table:
    """Return what the change of a ratio consists of."""
    columns = (explanation.by, "before", "now", "rate effect", "mix effect")
    return Table(f"Why: {explanation.title}", columns, explanation.terms, " ".join(explanation.sentences))


def budget_table(report: Report) -> Table:
    """Return how fast the error budgets burn."""
    rows = [
        (f"{budget.title}, {budget.objective:.0%}", *(rate.text for rate in budget.rates.values()))
        for budget in report.budgets
    ]
    columns = ("", *report.budgets[0].rates)
    remark = "1 uses the budget of 30 days up exactly; above 1, it is used up earlier."
    return Table("Burn rate of error budgets", columns, rows, remark)
