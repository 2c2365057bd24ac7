"""Cursors: the position at which the next page begins, as an opaque text."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from streams.http.api.problem_errors import bad_request


class ListCursor(Struct, array_like=True, frozen=True, tag=1):
    """A position in a list, which is sorted by task, customer id and item id.

    Attributes:
        task: number of the task.
        customer: last customer that was scanned. Empty at the beginning of the task.
        item: last item of this customer on the page. None after all of them.
    """

    task: int
    customer: str = ""
    item: str | None = None


class EventCursor(Struct, array_like=True, frozen=True, tag=2):
    """A position in a customer's events, which are sorted by time and id.

    Attributes:
        time: event time of the last event on the page, microseconds since the epoch.
        id: id of this event.
    """

    time: int
    id: str


_C = TypeVar("_C", ListCursor, EventCursor)
_to_msgpack: Final = msgspec.msgpack.Encoder().encode


def encode(cursor: ListCursor | EventCursor) -> str:
    """Return a cursor as URL-safe text."""
    return urlsafe_b64encode(_to_msgpack(cursor)).decode().rstrip("=")


def decode(text: str, kind: type[_C]) -> _C:
    """Return the cursor that `encode` wrote.

    Args:
        text: value of the parameter `cursor`.
        kind: class of the cursor.

    Raises:
        ProblemError: 400: the text is not a cursor of this kind.
    """
    try:
        return msgspec.msgpack.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise bad_request("`cursor` is not the `next` of a page of this list", "cursor") from None
