"""Encode and decode the headers of a dead letter (docs/topics.md).

A dead letter is the rejected record with its key, value, timestamp and headers unchanged. Headers named
`retention.error.*` follow, which hold where it was read and why it was rejected. Every header name of the
format is in this module.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

_PREFIX: Final = "retention.error."
_TIME: Final = f"{_PREFIX}time"


class Rejection(NamedTuple):
    """Where a record was read, and why and when it was rejected.

    Attributes:
        reason: one of the seven reasons of docs/metrics.md; empty when the header is missing.
        message: what is wrong with the record.
        topic: topic of the rejected record.
        partition: partition of the rejected record; -1 when the header is missing.
        offset: offset of the rejected record; -1 when the header is missing.
    """

    reason: str
    message: str
    topic: str
    partition: int
    offset: int


def encode(rejection: Rejection, rejected_at: datetime) -> list[tuple[str, bytes]]:
    """Return the headers to append to those of the rejected record.

    Args:
        rejection: the place and the reason.
        rejected_at: wall clock time of the rejection, with a time zone; stored with second precision.
    """
    return [
        (f"{_PREFIX}reason", rejection.reason.encode()),
        (f"{_PREFIX}message", rejection.message.encode(errors="replace")),
        (f"{_PREFIX}topic", rejection.topic.encode()),
        (f"{_PREFIX}partition", str(rejection.partition).encode()),
        (f"{_PREFIX}offset", str(rejection.offset).encode()),
        (_TIME, rejected_at.isoformat(timespec="seconds").encode()),
    ]


def decode(headers: Iterable[tuple[str, bytes]]) -> Rejection:
    """Return the rejection that a dead letter's headers hold.

    A record that was rejected, sent again and rejected again has the headers of both; the last ones count.

    Raises:
        ValueError: a header of the format is not UTF-8, or a number is none.
    """
    found = {name.removeprefix(_PREFIX): value.decode() for name, value in headers if _is_ours(name)}
    return Rejection(
        reason=found.get("reason", ""),
        message=found.get("message", ""),
        topic=found.get("topic", ""),
        partition=int(found.get("partition", -1)),
        offset=int(found.get("offset", -1)),
    )


def rejected_at(headers: Iterable[tuple[str, bytes]]) -> datetime | None:
    """Return when the record was rejected; None when the header is missing.

    Raises:
        ValueError: the header is not a time.
    """
    written = dict(headers).get(_TIME)
    return None if written is None else datetime.fromisoformat(written.decode())


def original_headers(headers: Sequence[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """Return the rejected record's own headers, in their order."""
    return tuple((name, value) for name, value in headers if not _is_ours(name))


def _is_ours(name: str) -> bool:
    return name.startswith(_PREFIX)
