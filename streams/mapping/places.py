"""Places of values in records, as people write them: `customer.id`, `lines[].sku`."""

import difflib
from collections.abc import Collection, Iterable, Iterator

from streams.mapping import conversions

#: A path in a record; a list's elements are `name[]`.
Place = str

_LONGEST_NAME = 40
_MOST_NAMES = 20


def place_of(path: Iterable[str | int]) -> Place:
    """Return a path as people write it; a position in a list becomes `[]`."""
    place = ""
    for step in path:
        place += "[]" if isinstance(step, int) else f".{step}"
    return place.lstrip(".")


def places_in(value: object, place: Place = "") -> Iterator[tuple[Place, str]]:
    """Yield the place and the kind of every value in a record; null and empty text are no values."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from places_in(below, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for below in value:
            yield from places_in(below, f"{place}[]")
    elif value is not None and value != "":
        yield place, conversions.kind(value)


def covered(place: Place, places: Iterable[Place]) -> bool:
    """Whether one of `places` equals, contains or is inside a place."""
    return any(
        place == other
        or place.startswith((f"{other}.", f"{other}[]"))
        or other.startswith((f"{place}.", f"{place}[]"))
        for other in places
    )


def similar(name: Place, names: Collection[Place]) -> Place | None:
    """Return the most similar of `names`: a name that was probably meant; None if none is similar.

    Example:
        >>> similar("custmer_id", ["id", "customer_id"]), similar("customerId", ["customer_id"])
        ('customer_id', 'customer_id')
        >>> similar("total", ["id"]) is None
        True
    """
    by_folded: dict[str, Place] = {}
    for one in names:
        by_folded.setdefault(_folded(one), one)
    close = difflib.get_close_matches(_folded(name), by_folded, n=1, cutoff=0.75)
    return by_folded[close[0]] if close else None


def _folded(name: Place) -> str:
    """Return a name without case and separators: `customerId` and `Customer ID` are `customer_id`."""
    return "".join(character for character in name.lower() if character.isalnum()) or name


def listed(names: Collection[Place]) -> str:
    """Return names for a message: at most 20, at most 40 characters of each, and no e-mail address."""
    shown = [_shortened(name) for name in names if "@" not in name]
    more = f" and {len(shown) - _MOST_NAMES:,} more" if len(shown) > _MOST_NAMES else ""
    return ", ".join(shown[:_MOST_NAMES]) + more


def _shortened(name: Place) -> Place:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
