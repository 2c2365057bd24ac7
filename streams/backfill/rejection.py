"""Reasons for which a line of a file does not become an event."""

from typing import Final, NamedTuple

#: Reasons of lines that are left out although they are valid.
ANONYMOUS: Final = "anonymous"
NOTHING: Final = "became nothing"
TOO_OLD: Final = "too_old"
#: A field that the event needs has a placeholder (`streams.mapping.placeholders`).
UNCHANGED: Final = "unchanged"
REPEATED_HEADER: Final = "repeated header"
#: Prefix of a reason; the name of the mapping's `skip` condition follows.
SKIPPED: Final = "skipped by "


class Rejection(NamedTuple):
    """Why a line is not an event.

    Attributes:
        reason: a reason of a dead letter (docs/metrics.md), or one of this module.
        message: the problem in one line; empty where the reason says it all.
    """

    reason: str
    message: str


def is_rejection(reason: str) -> bool:
    """Return whether a line was rejected for this reason, not only left out."""
    left_out = {ANONYMOUS, NOTHING, TOO_OLD, UNCHANGED, REPEATED_HEADER}
    return reason not in left_out and not reason.startswith(SKIPPED)
