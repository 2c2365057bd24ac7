"""The pictures of a report, as SVG: shares with their bounds, customers by set, and money."""

from collections.abc import Callable, Iterator, Sequence
from math import floor, isnan, log10
from typing import Final
from xml.etree import ElementTree as ET

from streams.report.figures import written
from streams.report.markup import element
from streams.report.trend import Share, TrendRow

#: Legend of a share.
OF_SHARES: Final[str] = "with 95 % confidence bounds"
_WIDTH: Final = 308
_HEIGHT: Final = 158
#: Margins of the area that has the data, pixels.
_LEFT: Final = 38
_RIGHT: Final = 8
_TOP: Final = 18
_BOTTOM: Final = 20
#: Labels below the axis that have room beside each other.
_MOST_LABELS: Final = 7
_WIDEST_BAR: Final = 34
#: Width of a character of a label, pixels.
_CHARACTER: Final = 7.6

Scale = Callable[[float], float]


def mark() -> ET.Element:
    """Return the mark of the page."""
    picture = element("svg", "mark", viewbox="0 0 20 20", width="18", height="18", aria_hidden="true")
    picture.append(element("rect", "bar-retained", width="20", height="20", rx="5"))
    for path in ("M14.2 6.4A5.4 5.4 0 1 0 15.4 10", "M14.9 3.6v3.2h-3.2"):
        stroke = {"fill": "none", "stroke": "#fff", "stroke_width": "2", "stroke_linecap": "round"}
        picture.append(element("path", "", d=path, **stroke))
    return picture


def shares(rows: Sequence[TrendRow], title: str, *, of: str, over_time: bool) -> ET.Element | None:
    """Return a picture of a share with its bounds; None without any share.

    Args:
        rows: the periods, or windows.
        title: text for readers who cannot see it.
        of: attribute of a row that has the share.
        over_time: whether the rows follow each other in time, so that a line joins them.
    """
    dots = [
        _Dot(share, x, is_subject=row.is_subject)
        for row, x in _columns(rows)
        if not isnan((share := getattr(row, of)).value)
    ]
    if not dots:
        return None
    steps = _steps(max(0.0, min(mark.low for mark in dots)), min(1.0, max(mark.high for mark in dots)))
    y = _scale(steps[0], steps[-1])
    picture = _picture(title, steps, y, lambda value: f"{100 * value:.3g} %")
    if over_time and len(dots) > 1:
        picture.extend(_band(dots, y))
    for mark in dots:
        picture.extend(_dot(mark, y, with_whisker=not over_time))
    picture.extend(_names(rows))
    return picture


class _Dot:
    """A share at its place.

    Attributes:
        value: the share.
        low: its lower bound, or itself without one.
        high: its upper bound, or itself without one.
        x: middle of its column, pixels.
        is_subject: whether the report is about it.
    """

    def __init__(self, share: Share, x: float, *, is_subject: bool) -> None:
        self.value = share.value
        self.low = share.value if share.low is None else share.low
        self.high = share.value if share.high is None else share.high
        self.x = x
        self.is_subject = is_subject


def customers(rows: Sequence[TrendRow], title: str) -> ET.Element:
    """Return a picture of the customers by set: those of the period above the axis, the lost ones below."""
    top = max(row.retained + row.reactivated + row.new for row in rows)
    steps = _steps(-max(row.lost for row in rows), top)
    y = _scale(steps[0], steps[-1])
    picture = _picture(title, steps, y, lambda value: _short(abs(value)))
    for row, x in _columns(rows):
        base = 0.0
        for name in ("retained", "reactivated", "new"):
            count = getattr(row, name)
            picture.append(_bar(f"bar-{name}", x, y(base + count), y(base), len(rows)))
            base += count
        picture.append(_bar("bar-lost", x, y(0) + 1, y(-row.lost) + 1, len(rows)))
    picture.extend(_names(rows))
    return picture


def money(rows: Sequence[TrendRow], title: str, currency: str) -> ET.Element:
    """Return a picture of net revenue, in which the subject of the report stands out."""
    nets = [row.net for row in rows]
    steps = _steps(min(0.0, *nets), max(nets))
    y = _scale(steps[0], steps[-1])
    picture = _picture(title, steps, y, _short)
    for row, x in _columns(rows):
        name = "bar-retained" if row.is_subject else "bar-faint"
        top, bottom = sorted((y(row.net), y(0)))
        picture.append(_bar(name, x, top, bottom, len(rows)))
        if row.is_subject:
            picture.append(_value_label(x, top - 5, written(row.net, "money", currency)))
    picture.extend(_names(rows))
    return picture


def _picture(title: str, steps: Sequence[float], y: Scale, label: Callable[[float], str]) -> ET.Element:
    picture = element(
        "svg", "picture", element("title", "", title),
        viewbox=f"0 0 {_WIDTH} {_HEIGHT}", width=str(_WIDTH), role="img", aria_label=title,
        xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip
    for step in steps:
        at = _px(y(step))
        picture.append(element("line", "grid", x1=str(_LEFT), x2=str(_WIDTH - _RIGHT), y1=at, y2=at))
        picture.append(_text("axis", _LEFT - 6, y(step) + 3.5, label(step), anchor="end"))
    return picture


def _band(dots: Sequence[_Dot], y: Scale) -> Iterator[ET.Element]:
    """Yield the area between the bounds, and the line of the shares."""
    upper = [f"{_px(mark.x)},{_px(y(mark.high))}" for mark in dots]
    lower = [f"{_px(mark.x)},{_px(y(mark.low))}" for mark in reversed(dots)]
    yield element("polygon", "area-retained", points=" ".join([*upper, *lower]))
    line = [f"{_px(mark.x)},{_px(y(mark.value))}" for mark in dots]
    yield element("polyline", "line-retained", points=" ".join(line))


def _dot(mark: _Dot, y: Scale, *, with_whisker: bool) -> Iterator[ET.Element]:
    """Yield the dot of a share; with its bounds, and with its value if it is the subject."""
    x = _px(mark.x)
    if with_whisker:
        yield element("line", "whisker", x1=x, x2=x, y1=_px(y(mark.low)), y2=_px(y(mark.high)))
    name, radius = ("dot-subject", "5") if mark.is_subject else ("dot", "3")
    yield element("circle", name, cx=x, cy=_px(y(mark.value)), r=radius)
    if mark.is_subject:
        above = max(y(mark.value) - 10, _TOP - 6)
        yield _value_label(mark.x, above, written(mark.value, "share"))


def _names(rows: Sequence[TrendRow]) -> Iterator[ET.Element]:
    """Yield the labels below the axis: all that have room, and that of the subject."""
    every = -(-len(rows) // _MOST_LABELS)
    last = len(rows) - 1
    for index, (row, x) in enumerate(_columns(rows)):
        if (last - index) % every == 0:
            yield _text("label" if row.is_subject else "axis", x, _HEIGHT - 5, row.label)


def _columns(rows: Sequence[TrendRow]) -> Iterator[tuple[TrendRow, float]]:
    """Yield each row with the middle of its column, pixels."""
    width = (_WIDTH - _LEFT - _RIGHT) / len(rows)
    for index, row in enumerate(rows):
        yield row, _LEFT + width * (index + 0.5)


def _bar(name: str, x: float, top: float, bottom: float, number: int) -> ET.Element:
    width = min(_WIDEST_BAR, 0.66 * (_WIDTH - _LEFT - _RIGHT) / number)
    return element(
        "rect", name, x=_px(x - width / 2), y=_px(top), width=_px(width), height=_px(max(0.0, bottom - top)),
        rx="1.5",
    )  # fmt: skip


def _text(name: str, x: float, y: float, text: str, anchor: str = "middle") -> ET.Element:
    return element("text", name, text, x=_px(x), y=_px(y), text_anchor=anchor)


def _value_label(x: float, y: float, text: str) -> ET.Element:
    """Return the label of a value, above it and inside the picture."""
    half = _CHARACTER * len(text) / 2
    return _text("label", min(max(x, half), _WIDTH - half), y, text)


def _scale(low: float, high: float) -> Scale:
    height = _HEIGHT - _TOP - _BOTTOM
    return lambda value: _TOP + height * (high - value) / (high - low)


def _steps(low: float, high: float) -> list[float]:
    """Return three to five round values that enclose a range."""
    span = high - low or abs(high) or 1.0
    unit = 10.0 ** floor(log10(span / 3))
    size = next(unit * factor for factor in (1, 2, 5, 10) if span / (unit * factor) <= 3.5)  # noqa: PLR2004
    first, last = floor(low / size + 1e-9), -floor(-high / size + 1e-9)
    return [index * size for index in range(first, max(last, first + 1) + 1)]


def _short(value: float) -> str:
    """Return a number in few characters, such as `12k`."""
    for size, suffix in ((1_000_000, "M"), (1_000, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
