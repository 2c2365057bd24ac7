"""Elements of HTML and SVG, built as a tree, so that every text is escaped."""

from xml.etree import ElementTree as ET

from streams.report import style

Child = ET.Element | str


def element(tag: str, classes: str = "", *children: Child, **attributes: str) -> ET.Element:
    """Return an element.

    Args:
        tag: name of the element.
        classes: its classes, joined by spaces; their style is set in place too.
        children: elements and texts in it.
        attributes: its attributes; `_` stands for `-` and is dropped at the end.

    Example:
        >>> html(element("b", "", "5 < 6"))
        '<b>5 &lt; 6</b>'
    """
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    names = {"viewBox" if name == "viewbox" else name: value for name, value in names.items()}
    found = ET.Element(tag, ({"class": classes} if classes else {}) | names)
    if in_place := style.inline(*classes.split()):
        found.set("style", in_place)
    for child in children:
        _append(found, child)
    return found


def _append(parent: ET.Element, child: Child) -> None:
    if isinstance(child, ET.Element):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child
    else:
        parent.text = (parent.text or "") + child


def html(found: ET.Element) -> str:
    """Return an element as HTML."""
    return ET.tostring(found, encoding="unicode", method="html")
