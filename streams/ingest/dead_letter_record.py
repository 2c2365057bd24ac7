"""Encode and decode the headers of a dead letter (docs/topics.md).

A dead letter is the rejected record with its key, value, timestamp and headers unchanged. The headers of
`encode` follow in one run, which holds where the record was read and why it was rejected. Every header name
of the format is in this module.

Any producer can write headers of these names into a record, and any program with the right to write can add
records to the topic. Decoding therefore never fails: the last complete run counts, all other headers belong
to the record, and an invalid value equals a missing one.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

#: A header as Kafka stores it: the value may be null.
Header = tuple[str, bytes | None]

_PREFIX: Final = "retention.error."
#: Names of a run, in their order. Early releases wrote no time.
_NAMES: Final = [f"{_PREFIX}{name}" for name in ("reason", "message", "topic", "partition", "offset")]
_TIME: Final = f"{_PREFIX}time"

_REASON: Final = re.compile(r"[a-z_]{1,40}")
_TOPIC: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class Rejection(NamedTuple):
    """Where a record was read, and why and when it was rejected.

    Attributes:
        reason: one of the seven reasons of docs/metrics.md; empty when the header is missing.
        message: what is wrong with the record.
        topic: topic of the rejected record; empty when the header is missing.
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
    values = [
        rejection.reason,
        rejection.message,
        rejection.topic,
        str(rejection.partition),
        str(rejection.offset),
        rejected_at.isoformat(timespec="seconds"),
    ]
    return [
        (name, value.encode(errors="replace")) for name, value in zip([*_NAMES, _TIME], values, strict=True)
    ]


def decode(headers: Sequence[Header]) -> Rejection:
    """Return the rejection that a dead letter's headers hold.

    A record that was rejected, sent again and rejected again has the headers of both; the last ones count.
    """
    found = headers[_run(headers)][: len(_NAMES)]
    reason, message, topic, partition, offset = [_text(value) for _, value in found] or [""] * len(_NAMES)
    return Rejection(
        reason=reason if _REASON.fullmatch(reason) else "",
        message=message,
        topic=topic if _TOPIC.fullmatch(topic) else "",
        partition=_number(partition),
        offset=_number(offset),
    )


def rejected_at(headers: Sequence[Header]) -> datetime | None:
    """Return when the record was rejected, with a time zone; None when the header is missing."""
    written = [_text(value) for name, value in headers[_run(headers)] if name == _TIME]
    try:
        time = datetime.fromisoformat(written[0]) if written else None
    except ValueError:
        return None
    return None if time is None or time.tzinfo is None else time


def original_headers(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Return the rejected record's own headers, in their order."""
    run = _run(headers)
    return (*headers[: run.start], *headers[run.stop :])


def _run(headers: Sequence[Header]) -> slice:
    """Return the position of the last complete run; an empty slice if there is none."""
    names = [name for name, _ in headers]
    for start in range(len(names) - len(_NAMES), -1, -1):
        end = start + len(_NAMES)
        if names[start:end] == _NAMES:
            return slice(start, end + (names[end : end + 1] == [_TIME]))
    return slice(0, 0)


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else -1
