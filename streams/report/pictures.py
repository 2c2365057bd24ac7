"""The pictures of a report, as SVG: shares with their bounds, customers by set, and money."""

from collections.abc import Callable, Iterator, Sequence
from math import floor, isnan, log10
from typing import Final
from xml.etree import ElementTree as ET

from streams.report.course import Point, Share
from streams.report.figures import written
from streams.report.markup import element

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

Scale = Callable[[float], float]


def mark() -> ET.Element:
    """Return the mark of the page."""
    picture = element("svg", "mark", viewbox="0 0 20 20", width="18", height="18", aria_hidden="true")
    picture.append(element("rect", "bar-retained", width="20", height="20", rx="5"))
    for path in ("M14.2 6.4A5.4 5.4 0 1 0 15.4 10", "M14.9 3.6v3.2h-3.2"):
        stroke = {"fill": "none", "stroke": "#fff", "stroke_width": "2", "stroke_linecap": "round"}
        picture.append(element("path", "", d=path, **stroke))
    return picture


def shares(points: Sequence[Point], title: str, *, of: str, is_course: bool) -> ET.Element | None:
    """Return a picture of a share with its bounds; None without any share.

    Args:
        points: the periods, or windows.
        title: text for readers who cannot see it.
        of: attribute of a point that has the share.
        is_course: whether the points follow each other in time, so that a line joins them.
    """
    marks = [
        _Mark(share, x, is_subject=point.is_subject)
        for point, x in _columns(points)
        if not isnan((share := getattr(point, of)).value)
    ]
    if not marks:
        return None
    steps = _steps(max(0.0, min(mark.low for mark in marks)), min(1.0, max(mark.high for mark in marks)))
    y = _scale(steps[0], steps[-1])
    picture = _picture(title, steps, y, lambda value: f"{100 * value:.3g} %")
    if is_course and len(marks) > 1:
        picture.extend(_band(marks, y))
    for mark in marks:
        picture.extend(_dot(mark, y, with_whisker=not is_course))
    picture.extend(_names(points))
    return picture


class _Mark:
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


def customers(points: Sequence[Point], title: str) -> ET.Element:
    """Return a picture of the customers by set: those of the period above the axis, the lost ones below."""
    top = max(point.retained + point.reactivated + point.new for point in points)
    steps = _steps(-max(point.lost for point in points), top)
    y = _scale(steps[0], steps[-1])
    picture = _picture(title, steps, y, lambda value: _short(abs(value)))
    for point, x in _columns(points):
        base = 0.0
        for name in ("retained", "reactivated", "new"):
            count = getattr(point, name)
            picture.append(_bar(f"bar-{name}", x, y(base + count), y(base), len(points)))
            base += count
        picture.append(_bar("bar-lost", x, y(0) + 1, y(-point.lost) + 1, len(points)))
    picture.extend(_names(points))
    return picture


def money(points: Sequence[Point], title: str, currency: str) -> ET.Element:
    """Return a picture of net revenue, in which the subject of the report stands out."""
    nets = [point.net for point in points]
    steps = _steps(min(0.0, *nets), max(nets))
    y = _scale(steps[0], steps[-1])
    picture = _picture(title, steps, y, _short)
    for point, x in _columns(points):
        name = "bar-retained" if point.is_subject else "bar-faint"
        top, bottom = sorted((y(point.net), y(0)))
        picture.append(_bar(name, x, top, bottom, len(points)))
        if point.is_subject:
            picture.append(_text("label", _within(x), top - 5, written(point.net, "money", currency)))
    picture.extend(_names(points))
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


def _band(marks: Sequence[_Mark], y: Scale) -> Iterator[ET.Element]:
    """Yield the area between the bounds, and the line of the shares."""
    upper = [f"{_px(mark.x)},{_px(y(mark.high))}" for mark in marks]
    lower = [f"{_px(mark.x)},{_px(y(mark.low))}" for mark in reversed(marks)]
    yield element("polygon", "area-retained", points=" ".join([*upper, *lower]))
    line = [f"{_px(mark.x)},{_px(y(mark.value))}" for mark in marks]
    yield element("polyline", "line-retained", points=" ".join(line))


def _dot(mark: _Mark, y: Scale, *, with_whisker: bool) -> Iterator[ET.Element]:
    """Yield the dot of a share; with its bounds, and with its value if it is the subject."""
    x = _px(mark.x)
    if with_whisker:
        yield element("line", "whisker", x1=x, x2=x, y1=_px(y(mark.low)), y2=_px(y(mark.high)))
    name, radius = ("dot-subject", "5") if mark.is_subject else ("dot", "3")
    yield element("circle", name, cx=x, cy=_px(y(mark.value)), r=radius)
    if mark.is_subject:
        above = max(y(mark.value) - 10, _TOP - 6)
        yield _text("label", _within(mark.x), above, written(mark.value, "share"))


def _names(points: Sequence[Point]) -> Iterator[ET.Element]:
    """Yield the labels below the axis: all that have room, and that of the subject."""
    every = -(-len(points) // _MOST_LABELS)
    last = len(points) - 1
    for index, (point, x) in enumerate(_columns(points)):
        if (last - index) % every == 0:
            yield _text("label" if point.is_subject else "axis", x, _HEIGHT - 5, point.label)


def _columns(points: Sequence[Point]) -> Iterator[tuple[Point, float]]:
    """Yield each point with the middle of its column, pixels."""
    width = (_WIDTH - _LEFT - _RIGHT) / len(points)
    for index, point in enumerate(points):
        yield point, _LEFT + width * (index + 0.5)


def _bar(name: str, x: float, top: float, bottom: float, number: int) -> ET.Element:
    width = min(_WIDEST_BAR, 0.66 * (_WIDTH - _LEFT - _RIGHT) / number)
    return element(
        "rect", name, x=_px(x - width / 2), y=_px(top), width=_px(width), height=_px(max(0.0, bottom - top)),
        rx="1.5",
    )  # fmt: skip


def _text(name: str, x: float, y: float, text: str, anchor: str = "middle") -> ET.Element:
    return element("text", name, text, x=_px(x), y=_px(y), text_anchor=anchor)


def _within(x: float) -> float:
    """Return the middle of a label that does not leave the picture."""
    return min(max(x, _LEFT + 16), _WIDTH - _RIGHT - 34)


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
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
