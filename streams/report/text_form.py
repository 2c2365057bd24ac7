"""A report as plain text."""

from collections.abc import Iterator

from streams.printable import printable_line
from streams.report.content import Report
from streams.report.tables import Table, tables


def write(report: Report) -> str:
    """Return the report as plain text."""
    return "\n".join(map(printable_line, _lines(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (report.title, report.subtitle, "")
    for notice in report.notices:
        yield f"Note: {notice}"
    if report.notices:
        yield ""
    yield from report.summary
    yield from ("", "Needs attention", *_urgent(report))
    for table in tables(report):
        yield from ("", *_table(table))


def _urgent(report: Report) -> Iterator[str]:
    for one in report.needs_attention:
        yield f"{one.severity.upper()}: {one.summary}"
        yield f"  {one.detail}"
    if not report.needs_attention:
        yield report.nothing_urgent


def _table(table: Table) -> Iterator[str]:
    cells = [(table.title, *(table.columns[1:] if table.rows else ())), *table.rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        name, *numbers = row
        padded = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()
    if table.remark:
        yield table.remark
