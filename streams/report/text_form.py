"""A report as plain text."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from streams.printable import printable_line
from streams.report.content import Report
from streams.report.tables import Table, tables

#: Length of a line of sentences, characters.
_WIDTH: Final = 100


def write(report: Report) -> str:
    """Return the report as plain text."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (printable_line(report.title), printable_line(report.subtitle), "")
    for notice in report.notices:
        yield from _wrapped(f"Note: {notice}")
    if report.notices:
        yield ""
    for sentence in report.summary:
        yield from _wrapped(sentence)
    yield from ("", "Needs attention", *_urgent(report))
    for table in tables(report):
        yield from ("", *_table(table))


def _urgent(report: Report) -> Iterator[str]:
    for one in report.needs_attention:
        yield from _wrapped(f"{one.severity.upper()}: {one.summary}")
        yield from _wrapped(one.detail, indent="  ")
    if not report.needs_attention:
        yield report.nothing_urgent


def _table(table: Table) -> Iterator[str]:
    found = [(table.title, *(table.columns[1:] if table.rows else ())), *table.rows]
    cells = [tuple(map(printable_line, row)) for row in found]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        name, *numbers = row
        padded = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()
    yield from _wrapped(table.remark)


def _wrapped(text: str, indent: str = "") -> list[str]:
    """Return a text in lines that a terminal and a mail show whole; none if it is empty."""
    return wrap(
        printable_line(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
