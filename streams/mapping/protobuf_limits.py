"""What a Protobuf message would hold, counted in its bytes before it is parsed.

A message within a message may take two bytes, and has all fields of its type: a megabyte of them takes 4 GB
and a minute. The parser itself bounds only the depth, at `limits.MOST_LEVELS`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from streams.mapping.limits import MOST_LEVELS, MOST_VALUES, too_deep, too_many_values

#: Kinds of content, as the last three bits of a tag.
_VARINT, _EIGHT_BYTES, _LENGTH, _GROUP, _GROUP_END, _FOUR_BYTES = range(6)
_SIZES: Final = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_VARINT_BYTES: Final = 10
_NOT_PACKED: Final = frozenset({FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES})


class Found(NamedTuple):
    """A field in the bytes of a message.

    Attributes:
        field: descriptor of the field; None if the type does not have it.
        kind: kind of its content.
        start: offset of its content; of a group, whose fields follow, its end too.
        end: offset behind its content.
    """

    field: FieldDescriptor | None
    kind: int
    start: int
    end: int


class ProtobufLimits:
    """Checks the messages of a type against the limits.

    Args:
        message: the type.
    """

    def __init__(self, message: Descriptor) -> None:
        self._message = message
        most = max(_values_of_empty(one) for one in _reachable(message))
        self._shortest = 2 * MOST_VALUES // most  # two bytes are the least that a message takes

    def check(self, value: bytes) -> None:
        """Check that a message holds no more values than the limit.

        Raises:
            EventError: `too_large`: it may hold more.
            ValueError: the bytes are invalid.
        """
        if len(value) > self._shortest:
            _count(value, self._message)


def _values_of_empty(message: Descriptor) -> int:
    """Return how many values a message without bytes holds: itself and its fields."""
    return 1 + len(message.fields)


def _reachable(message: Descriptor) -> list[Descriptor]:
    """Return the types of all messages that a message may hold, and its own."""
    found = {message.full_name: message}
    unvisited = [message]
    while unvisited:
        owner = unvisited.pop()
        for field in (*owner.fields, *owner.file.pool.FindAllExtensions(owner)):
            below = field.message_type
            if below is not None and below.full_name not in found:
                found[below.full_name] = below
                unvisited.append(below)
    return list(found.values())


def _count(value: bytes, message: Descriptor) -> None:
    """Count the values of a message until there are too many, and visit each byte once."""
    total, unvisited = _values_of_empty(message), [(message, 0, len(value))]
    while unvisited:
        for found in _fields(value, *unvisited.pop()):
            total += _values_of(found)
            if total > MOST_VALUES:
                raise too_many_values()
            if (below := _message(found.field)) is not None and found.kind == _LENGTH:
                unvisited.append((below, found.start, found.end))


def _values_of(found: Found) -> int:
    """Return how many values a field holds, without those in the bytes of a message."""
    field = found.field
    if field is None:
        return 1
    if field.message_type is not None:
        return _values_of_empty(field.message_type)
    if (
        found.kind == _LENGTH and field.type not in _NOT_PACKED
    ):  # a packed list; a varint has one byte at least
        return found.end - found.start
    return 1


def _message(field: FieldDescriptor | None) -> Descriptor | None:
    return None if field is None else field.message_type


def _fields(value: bytes, message: Descriptor, at: int, end: int) -> Iterator[Found]:
    """Yield the fields of a message, with those of its groups."""
    owners: list[Descriptor | None] = [message]
    while at < end:
        tag, at = _varint(value, at)
        field, kind, start = _field(owners[-1], tag >> 3), tag & 7, at
        if kind == _LENGTH:
            size, start = _varint(value, at)
            at = start + size
        elif kind == _VARINT:
            _, at = _varint(value, at)
        elif kind == _GROUP:
            owners.append(_message(field))
        elif kind == _GROUP_END and len(owners) > 1:
            owners.pop()
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            raise ValueError("the message has a tag of no kind")
        if len(owners) > MOST_LEVELS:
            raise too_deep()
        if kind != _GROUP_END:
            yield Found(field, kind, start, at)
    if at > end:
        raise ValueError("the message ends early")


def _field(message: Descriptor | None, number: int) -> FieldDescriptor | None:
    """Return the field or extension of a number; None if it is unknown."""
    if message is None:  # an unknown group
        return None
    field = message.fields_by_number.get(number)
    if field is None and message.is_extendable:
        try:
            field = message.file.pool.FindExtensionByNumber(message, number)
        except KeyError:
            return None
    return field


def _varint(value: bytes, at: int) -> tuple[int, int]:
    """Return the varint at an offset, and the offset behind it."""
    if at < len(value) and value[at] < 0x80:  # noqa: PLR2004 - most have one byte
        return value[at], at + 1
    result = 0
    for number, byte in enumerate(value[at : at + _VARINT_BYTES]):
        result |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return result, at + number + 1
    raise ValueError("a number does not end")
