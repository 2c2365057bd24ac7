"""A report as one HTML file without references to others, for browsers and mail clients."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Protocol
from xml.etree import ElementTree as ET

from streams.report import pictures, style
from streams.report.content import Report
from streams.report.figures import Figure
from streams.report.markup import Child, element, html
from streams.report.periods import length_of
from streams.report.sections import Section
from streams.report.tables import (
    Table,
    budget_table,
    explanation_table,
    restated_table,
    trend_table,
)
from streams.report.trend import TrendRow
from streams.version import VERSION

_SPACE: Final = "\N{NO-BREAK SPACE}"
_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=%|points|[A-Z]{3}\b)")
_LATE: Final = "First responses by an agent that came too late"
#: Head of a column of figures -> its classes.
_HEADS: Final = {
    "now": "c-now",
    "95 %": "c-bounds",
    "before": "c-before rare",
    "change": "c-change",
}
#: Columns of the trend that a phone has no room for.
_RARE: Final = ("retained", "reactivated", "too late")
_FOOT: Final = (
    "95 %: the confidence bounds of a share. A change is grey if it is neither good nor bad, "
    f"or may be chance. docs/metrics.md defines every number. Written by retention {VERSION}."
)


class Pictures(Protocol):
    """What draws the pictures of a report: the module `pictures`, or `bars`."""

    @property
    def OF_SHARES(self) -> str:  # noqa: N802 - a constant of both modules
        """Legend of a share."""

    def mark(self) -> ET.Element:
        """Return the mark of the page."""

    def shares(self, rows: Sequence[TrendRow], title: str, *, of: str, over_time: bool) -> ET.Element | None:
        """Return a picture of a share; None without any share."""

    def customers(self, rows: Sequence[TrendRow], title: str) -> ET.Element:
        """Return a picture of the customers by set."""

    def money(self, rows: Sequence[TrendRow], title: str, currency: str) -> ET.Element:
        """Return a picture of net revenue."""


def write(report: Report, drawn: Pictures = pictures) -> str:
    """Return the report as an HTML document.

    Args:
        report: the report.
        drawn: the module that draws the pictures.
    """
    head = element(
        "head",
        "",
        element("meta", "", charset="utf-8"),
        element("meta", "", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", "", name="color-scheme", content="light dark"),
        element("meta", "", name="supported-color-schemes", content="light dark"),
        element("title", "", f"{report.title} · Retention"),
        element("style", "", style.sheet()),
    )
    page = element("html", "", head, _body(report, drawn), lang="en")
    return f"<!doctype html>\n{html(page)}\n"


def _body(report: Report, drawn: Pictures) -> ET.Element:
    sheet = element("table", "sheet", role="presentation")
    sheet.append(_row("head", *_head(report, drawn)))
    for panel in _panels(report, drawn):
        sheet.append(_row("panel", *panel))
        sheet.append(_row("gap", _SPACE))
    sheet.append(_row("foot", _FOOT))
    frame = element("td", "frame", element("div", "", sheet, role="main"), align="center")
    return element("body", "page", element("table", "outer", element("tr", "", frame), role="presentation"))


def _row(name: str, *children: Child) -> ET.Element:
    return element("tr", "", element("td", name, *children))


def _head(report: Report, drawn: Pictures) -> Iterator[ET.Element]:
    yield element("div", "brand", drawn.mark(), "Retention")
    yield element("h1", "title", report.title)
    yield element("p", "subtitle", report.subtitle)


def _panels(report: Report, drawn: Pictures) -> Iterator[list[Child]]:
    notices = [element("p", "notice", _unbroken(notice)) for notice in report.notices]
    yield [*notices, element("p", "summary", _unbroken(" ".join(report.summary)))]
    if report.highlights:
        yield [_tiles(report.highlights)]
    yield list(_urgent(report))
    if report.explanations:
        yield list(_explanations(report))
    if report.trend:
        yield list(_trend(report, drawn))
    remark = [] if report.window_sections else _remark(report)
    yield [*_sections(report.sections), *remark]
    if report.restated is not None:
        table = restated_table(report.restated)
        yield [_table(table, corner=table.title), element("p", "legend", table.remark)]
    if report.window_sections:
        yield list(_windows(report))


def _tiles(figures: list[Figure]) -> ET.Element:
    cells = [
        element(
            "td",
            "tile",
            element("div", "tile-name", figure.title),
            element("div", "tile-value", figure.value),
            element("div", "tile-note", *_change(figure)),
        )
        for figure in figures
    ]
    return element("table", "columns", element("tr", "", *cells), role="presentation")


def _change(figure: Figure) -> list[Child]:
    change = element("span", f"change-{figure.judgement}", figure.change)
    return [change, " ", element("span", "doubt", figure.doubt)] if figure.doubt else [change]


def _unbroken(text: str) -> str:
    """Return a text in which no line ends between a number and its unit."""
    return _BEFORE_UNIT.sub(_SPACE, text)


def _urgent(report: Report) -> Iterator[ET.Element]:
    yield element("h2", "heading", "Needs attention")
    for one in report.needs_attention:
        level = element("span", f"level-{one.level}", one.severity)
        yield element("p", "caption", level, f"{_SPACE} {one.summary}")
        yield element("p", "note", one.detail)
    if not report.needs_attention:
        good = element("span", "level-good", "good")
        yield element("p", "note", good, f"{_SPACE} {report.nothing_urgent}")
    if report.budgets:
        table = budget_table(report)
        yield _table(table, corner=table.title)
        yield element("p", "legend", table.remark)


def _trend(report: Report, drawn: Pictures) -> Iterator[ET.Element]:
    yield element("h2", "heading", report.trend_title)
    shown = list(_pictures(report, drawn))
    for index in range(0, len(shown), 2):
        cells = [element("td", "half", *cell) for cell in shown[index : index + 2]]
        cells += [element("td", "half")] * (2 - len(cells))
        yield element("table", "columns", element("tr", "", *cells), role="presentation")
    yield _table(trend_table(report), corner="Period" if report.over_time else "Window", rare=_RARE)


def _pictures(report: Report, drawn: Pictures) -> Iterator[list[ET.Element]]:
    """Yield each picture with its title and its legend."""
    rows, over_time = report.trend, report.over_time
    for title, of in (("Customers who stayed", "stayed"), (_LATE, "late")):
        picture = drawn.shares(rows, title, of=of, over_time=over_time)
        if picture is not None:
            legend = element("p", "legend", drawn.OF_SHARES)
            yield [element("p", "caption", title), picture, legend]
        if of == "stayed":
            sets = drawn.customers(rows, "Customers by set")
            yield [element("p", "caption", "Customers"), sets, _legend()]
            if over_time:
                net = drawn.money(rows, "Net revenue", report.currency)
                legend = element("p", "legend", f"in {report.currency}")
                yield [element("p", "caption", "Net revenue"), net, legend]


def _legend() -> ET.Element:
    items: list[Child] = []
    for name in ("retained", "reactivated", "new", "lost"):
        items += [element("span", f"mark-{name}", "\N{BLACK SQUARE}"), f" {name} {_SPACE} "]
    return element("p", "legend", *items)


def _windows(report: Report) -> Iterator[ET.Element]:
    yield element("h2", "heading", f"Further numbers of the last {length_of(report.window)}")
    yield from _sections(report.window_sections)
    yield from _remark(report)


def _sections(sections: Sequence[Section]) -> list[ET.Element]:
    return [_figures(section, later=index > 0) for index, section in enumerate(sections)]


def _remark(report: Report) -> list[ET.Element]:
    return [element("p", "legend", report.remark)] if report.remark else []


def _figures(section: Section, *, later: bool) -> ET.Element:
    heads = [element("th", f"column {name}", head) for head, name in _HEADS.items()]
    rows = [element("tr", "", element("th", "corner c-name", section.title), *heads)]
    rows += [_figure(figure) for figure in section.figures]
    return element("table", f"numbers figures{' later' if later else ''}", *rows)


def _figure(figure: Figure) -> ET.Element:
    return element(
        "tr",
        "",
        element("th", "name", figure.title, scope="row"),
        element("td", "strong", figure.value),
        element("td", "quiet", figure.bounds),
        element("td", "quiet rare", figure.earlier),
        element("td", "cell", *_change(figure)),
        valign="top",
    )


def _explanations(report: Report) -> Iterator[ET.Element]:
    yield element("h2", "heading", "Why it moved")
    for explanation in report.explanations:
        table = explanation_table(explanation)
        yield element("p", "topic", explanation.title.capitalize())
        yield element("p", "note", table.remark)
        if table.rows:
            yield _table(table, corner=table.columns[0].capitalize())


def _table(table: Table, *, corner: str = "", rare: Collection[str] = ()) -> ET.Element:
    """Return a table. On a phone, its rare columns are hidden."""
    extra = [" rare" if head in rare else "" for head in table.columns[1:]]
    heads = zip(table.columns[1:], extra, strict=True)
    rows = [
        element(
            "tr", "", element("th", "corner", corner), *(element("th", f"column{e}", h) for h, e in heads)
        )
    ]
    for name, *cells in table.rows:
        row = element("tr", "", element("th", "name", name, scope="row"), valign="top")
        row.extend(element("td", f"cell{e}", cell) for cell, e in zip(cells, extra, strict=True))
        rows.append(row)
    return element("table", "numbers", *rows)
