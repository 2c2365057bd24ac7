"""A report as one HTML file without references to others, for browsers and mail clients."""

from collections.abc import Collection, Iterator
from typing import Final
from xml.etree import ElementTree as ET

from streams.report import pictures, style
from streams.report.content import Report
from streams.report.figures import Figure
from streams.report.markup import Child, element, html
from streams.report.periods import length_of
from streams.report.sections import Section
from streams.report.tables import Table, budget_table, change_text, explanation_table, trend_table
from streams.version import VERSION

_SPACE: Final = "\N{NO-BREAK SPACE}"
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


def write(report: Report) -> str:
    """Return the report as an HTML document."""
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
    page = element("html", "", head, _body(report), lang="en")
    return f"<!doctype html>\n{html(page)}\n"


def _body(report: Report) -> ET.Element:
    sheet = element("table", "sheet", role="presentation")
    sheet.append(_row("head", *_head(report)))
    for panel in _panels(report):
        sheet.append(_row("panel", *panel))
        sheet.append(_row("gap", _SPACE))
    sheet.append(_row("foot", _FOOT))
    frame = element("td", "frame", element("div", "", sheet, role="main"), align="center")
    return element("body", "page", element("table", "outer", element("tr", "", frame), role="presentation"))


def _row(name: str, *children: Child) -> ET.Element:
    return element("tr", "", element("td", name, *children))


def _head(report: Report) -> Iterator[ET.Element]:
    yield element("div", "brand", pictures.mark(), "Retention")
    yield element("h1", "title", report.title)
    yield element("p", "subtitle", report.subtitle)


def _panels(report: Report) -> Iterator[list[Child]]:
    notices = [element("p", "notice", notice) for notice in report.notices]
    yield [*notices, element("p", "summary", " ".join(report.summary))]
    if report.highlights:
        yield [_tiles(report.highlights)]
    yield list(_urgent(report))
    if report.explanations:
        yield list(_explanations(report))
    if report.trend:
        yield list(_trend(report))
    yield [_figures(section, later=index > 0) for index, section in enumerate(report.sections)]
    if report.window_sections:
        yield list(_windows(report))


def _tiles(figures: list[Figure]) -> ET.Element:
    cells = [
        element(
            "td",
            "tile",
            element("div", "tile-name", figure.title),
            element("div", "tile-value", figure.value),
            element("div", "tile-note", _change(figure)),
        )
        for figure in figures
    ]
    return element("table", "columns", element("tr", "", *cells), role="presentation")


def _change(figure: Figure) -> ET.Element:
    return element("span", f"change-{figure.judgement}", change_text(figure))


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


def _trend(report: Report) -> Iterator[ET.Element]:
    yield element("h2", "heading", report.trend_title)
    shown = list(_pictures(report))
    for index in range(0, len(shown), 2):
        cells = [element("td", "half", *cell) for cell in shown[index : index + 2]]
        cells += [element("td", "half")] * (2 - len(cells))
        yield element("table", "columns", element("tr", "", *cells), role="presentation")
    yield _table(trend_table(report), corner="Period" if report.over_time else "Window", rare=_RARE)


def _pictures(report: Report) -> Iterator[list[ET.Element]]:
    """Yield each picture with its title and its legend."""
    rows, over_time = report.trend, report.over_time
    for title, of in (("Customers who stayed", "stayed"), (_LATE, "late")):
        picture = pictures.shares(rows, title, of=of, over_time=over_time)
        if picture is not None:
            legend = element("p", "legend", "with 95 % confidence bounds")
            yield [element("p", "caption", title), picture, legend]
        if of == "stayed":
            sets = pictures.customers(rows, "Customers by set")
            yield [element("p", "caption", "Customers"), sets, _legend()]
            if over_time:
                net = pictures.money(rows, "Net revenue", report.currency)
                legend = element("p", "legend", f"in {report.currency}")
                yield [element("p", "caption", "Net revenue"), net, legend]


def _legend() -> ET.Element:
    items: list[Child] = []
    for name in ("retained", "reactivated", "new", "lost"):
        items += [element("span", f"mark-{name}", "\N{BLACK SQUARE}"), f" {name} {_SPACE} "]
    return element("p", "legend", *items)


def _windows(report: Report) -> Iterator[ET.Element]:
    yield element("h2", "heading", f"Further numbers of the last {length_of(report.window)}")
    for index, section in enumerate(report.window_sections):
        yield _figures(section, later=index > 0)


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
        element("td", "cell", _change(figure)),
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
        row = element("tr", "", element("th", "name", name, scope="row"))
        row.extend(element("td", f"cell{e}", cell) for cell, e in zip(cells, extra, strict=True))
        rows.append(row)
    return element("table", "numbers", *rows)
