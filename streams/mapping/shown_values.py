"""Records and events for people: field names, kinds, and shortened values, never a complete record.

Text is cut at 32 characters, and of an e-mail address only the first letter and the domain are shown. Of
fields that a mapping does not read, only the kind of value is shown.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from streams.mapping import conversions
from streams.mapping.places import Place

_LONGEST_TEXT: Final = 32
_MOST_ELEMENTS: Final = 3
_ADDRESS: Final = re.compile(r"([^@\s:,;<]?)[^@\s:,;<]*@")


def shortened(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value with shortened texts and lists.

    Example:
        >>> shortened({"id": 7, "email": "ann@example.com", "text": "x" * 40})
        {'id': 7, 'email': 'a…@example.com', 'text': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'}
    """
    return partly_hidden(value, lambda _: True)


def partly_hidden(value: Any, is_read: Callable[[Place], bool], place: Place = "") -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value with shortened texts and lists; a value that is not read becomes its kind.

    Args:
        value: the value.
        is_read: whether the value at a place is read.
        place: place of the value.
    """
    if isinstance(value, dict):
        return {
            name: partly_hidden(below, is_read, f"{place}.{name}" if place else str(name))
            for name, below in value.items()
        }
    if isinstance(value, list):
        elements = [partly_hidden(below, is_read, f"{place}[]") for below in value[:_MOST_ELEMENTS]]
        more = len(value) - _MOST_ELEMENTS
        return [*elements, f"… {more:,} more"] if more > 0 else elements
    if value is None or value == "":
        return value
    if not is_read(place):
        return f"({conversions.kind(value)})"
    return short_text(value) if isinstance(value, str) else value


def short_text(text: str) -> str:
    """Return the beginning of a text, with e-mail addresses masked."""
    beginning = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    return _ADDRESS.sub(r"\1…@", beginning)
