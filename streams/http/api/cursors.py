"""Where a page begins, as a text that means nothing to who passes it on."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from streams.http.api.problem_errors import invalid


class Place(Struct, array_like=True, frozen=True, tag=1):
    """In a list: customers of a task come by their ids, and each one's things by theirs.

    Attributes:
        task: which is being read.
        customer: the last who was looked at; none: the task is to begin.
        thing: the last of their things that was given; None: all were.
    """

    task: int
    customer: str = ""
    thing: str | None = None


class Moment(Struct, array_like=True, frozen=True, tag=2):
    """Among a customer's events: the last that was given.

    Attributes:
        time: microseconds.
        id: the event's.
    """

    time: int
    id: str


_C = TypeVar("_C", Place, Moment)
_encode: Final = msgspec.msgpack.Encoder().encode


def written(place: Place | Moment) -> str:
    """Write a cursor."""
    return urlsafe_b64encode(_encode(place)).decode().rstrip("=")


def parsed(cursor: str, kind: type[_C]) -> _C:
    """Read a cursor.

    Raises:
        Refusal: 400: it is none of ours.
    """
    try:
        return msgspec.msgpack.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise invalid("`cursor` is not the `next` of a page of this list", "cursor") from None
