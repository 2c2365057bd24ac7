"""The pictures of a report as tables of bars, for mail clients that show neither SVG nor data of images.

The functions are those of `pictures`. A table below the bars has their values too, so screen readers
skip the bars.
"""

from collections.abc import Callable, Iterable, Sequence
from math import isnan
from typing import Final
from xml.etree import ElementTree as ET

from streams.report.figures import written
from streams.report.markup import element
from streams.report.trend import Share, TrendRow

#: Legend of a share.
OF_SHARES: Final[str] = "bars begin at 0 %"
_SPACE: Final = "\N{NO-BREAK SPACE}"
#: Colour and size of a part of a bar.
_Part = tuple[str, float]


def mark() -> ET.Element:
    """Return the mark of the page."""
    return element("span", "mark-retained", f"\N{BLACK SQUARE}{_SPACE}")


def shares(rows: Sequence[TrendRow], title: str, *, of: str, over_time: bool) -> ET.Element | None:
    """Return bars of a share, with its value; None without any share.

    Args:
        rows: the periods, or windows.
        title: title of the bars.
        of: attribute of a row that has the share.
        over_time: whether the rows follow each other in time.
    """
    del title, over_time  # the caption above the bars has the title
    found: list[Share] = [getattr(row, of) for row in rows]
    if all(isnan(share.value) for share in found):
        return None
    largest = max(share.value for share in found if not isnan(share.value))

    def bar(row: TrendRow) -> tuple[list[_Part], str]:
        share: Share = getattr(row, of)
        if isnan(share.value):
            return [], "-"
        return [(_colour(row), share.value)], written(share.value, "share")

    return _bars(rows, largest, bar)


def customers(rows: Sequence[TrendRow], title: str) -> ET.Element:
    """Return bars of the customers by set: those of the period, then the lost ones."""
    del title
    sets = ("retained", "reactivated", "new", "lost")

    def bar(row: TrendRow) -> tuple[list[_Part], str]:
        return [(f"block-{name}", getattr(row, name)) for name in sets], ""

    return _bars(rows, max(sum(getattr(row, name) for name in sets) for row in rows), bar)


def money(rows: Sequence[TrendRow], title: str, currency: str) -> ET.Element:
    """Return bars of net revenue, in which the subject of the report stands out."""
    del title

    def bar(row: TrendRow) -> tuple[list[_Part], str]:
        return [(_colour(row), row.net)], written(row.net, "money", currency)

    return _bars(rows, max(row.net for row in rows), bar)


def _colour(row: TrendRow) -> str:
    return "block-retained" if row.is_subject else "block-faint"


def _bars(
    rows: Sequence[TrendRow],
    largest: float,
    bar: Callable[[TrendRow], tuple[Iterable[_Part], str]],
) -> ET.Element:
    table = element("table", "bars", role="presentation", aria_hidden="true")
    for row in rows:
        parts, text = bar(row)
        cells = [
            element("td", "bar-name", row.label),
            element("td", "", _blocks(parts, largest)),
            element("td", "bar-value", text or _SPACE),
        ]
        table.append(element("tr", "", *cells))
    return table


def _blocks(parts: Iterable[_Part], largest: float) -> ET.Element:
    """Return a row of coloured cells, of which the whole width is the largest bar."""
    widths = [(name, round(100 * max(0.0, size) / largest) if largest > 0 else 0) for name, size in parts]
    cells = [element("td", name, _SPACE, width=f"{width}%") for name, width in widths if width]
    if sum(width for _, width in widths) < 100:  # noqa: PLR2004 - per cent
        cells.append(element("td", "", _SPACE))
    row = element("tr", "", *cells)
    return element("table", "", row, role="presentation", width="100%", cellspacing="0", cellpadding="0")
