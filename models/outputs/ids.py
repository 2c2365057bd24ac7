"""Ids, content hashes and times of outputs."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec

_encode: Final = msgspec.msgpack.Encoder().encode

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: The limits of `datetime`, microseconds. A promised time with a UTC offset can lie beyond them.
_FIRST, _LAST = (
    (instant - _EPOCH) // timedelta(microseconds=1)
    for instant in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)


def to_datetime(time: int) -> datetime:
    """Return a time as outputs and responses contain it, clipped to the years 1 to 9999.

    Args:
        time: microseconds since the epoch.
    """
    return _EPOCH + timedelta(microseconds=min(max(time, _FIRST), _LAST))


def deterministic_id(*parts: object) -> str:
    """Return an id derived from these parts: 24 hexadecimal digits, equal for equal parts.

    Args:
        parts: values that MessagePack can encode.
    """
    return blake2b(_encode(parts), digest_size=12).hexdigest()


def content_hash(content: object) -> int:
    """Return a 32-bit hash of a content, never 0.

    Args:
        content: a value that MessagePack can encode.
    """
    return int.from_bytes(blake2b(_encode(content), digest_size=4).digest()) or 1
