"""A report as Markdown, with tables as GitHub and most chats show them."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from streams.printable import printable_line
from streams.report.content import Report
from streams.report.tables import Table, tables

#: Characters that have a meaning in Markdown, wherever they stand in a line.
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|#~&])")


def write(report: Report) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# {_escaped(report.title)}", "", _escaped(report.subtitle), "")
    for notice in report.notices:
        yield from (f"> **Note:** {_escaped(notice)}", "")
    yield from (_escaped(" ".join(report.summary)), "", "## Needs attention", "", *_urgent(report))
    for table in tables(report):
        yield from ("", f"## {_escaped(table.title)}", "", *_table(table))


def _urgent(report: Report) -> Iterator[str]:
    for one in report.needs_attention:
        yield f"- **{_escaped(one.severity.capitalize())}**: {_escaped(one.summary)}. {_escaped(one.detail)}"
    if not report.needs_attention:
        yield _escaped(report.nothing_urgent)


def _table(table: Table) -> Iterator[str]:
    if table.remark:
        yield from (_escaped(table.remark), "")
    if not table.rows:
        return
    yield _row(table.columns)
    yield _row(["---", *["---:"] * (len(table.columns) - 1)], escape=False)
    yield from map(_row, table.rows)


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    return f"| {' | '.join(_escaped(cell) if escape else cell for cell in cells)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable_line(" ".join(text.split())))
