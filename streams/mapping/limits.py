"""Limits of decoding records, which others write: a small record must not become a large object.

A record has at most `MAX_BYTES` (1 MiB). JSON spends bytes on all that it holds. Avro and Protobuf do not: an
array of a million nulls has four bytes, and an empty message has all fields of its type. So both count what a
record holds before they make it.
"""

from typing import Final

from models.contract.decoding import EventError

#: Levels of objects and lists in each other. Protobuf's own parser has this limit too.
MOST_LEVELS: Final = 100
#: Values that a decoded record holds: objects, lists, and all that they contain. They take about a second.
MOST_VALUES: Final = 100_000
#: Elements of a list that become events of one record, by a rule with `each`. They take less than a second.
MOST_ELEMENTS: Final = 20_000


def too_many_elements() -> EventError:
    """Return the error of a list with too many elements."""
    return EventError("too_large", f"has a list of more than {MOST_ELEMENTS:,} elements for `each`")


def too_many_values() -> EventError:
    """Return the error of a record that holds too many values."""
    return EventError("too_large", f"holds more than {MOST_VALUES:,} values")


def too_deep() -> EventError:
    """Return the error of a record whose objects and lists are nested too deep."""
    return EventError("too_large", f"is nested deeper than {MOST_LEVELS} levels")
