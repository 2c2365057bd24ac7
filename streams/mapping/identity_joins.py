"""Identities that join implausibly many others as one customer.

A merge is final. An identity that many customers share (a placeholder, `info@`, the address of a marketplace)
makes one customer of all of them. It is therefore named before the merges are sent.
"""

from collections import defaultdict
from typing import Final

from msgspec import Struct

#: Most identities that are plausible for one identity to be joined with: addresses, accounts and devices.
MOST_PLAUSIBLE: Final = 10
#: Pairs that are kept; about 200 MB.
_MOST_PAIRS: Final = 1_000_000
_SHOWN: Final = 2


class JoinedIdentity(Struct, frozen=True):
    """An identity that joins too many others.

    Attributes:
        identity: the identity, masked.
        others: number of identities that it is joined with directly.
    """

    identity: str
    others: int


class IdentityJoins:
    """The pairs of identities that merges join."""

    def __init__(self) -> None:
        self._others: defaultdict[str, set[str]] = defaultdict(set)
        self._pairs = 0

    def add(self, one: str, other: str) -> None:
        """Add a merge of two identities."""
        if self._pairs < _MOST_PAIRS and other not in self._others[one]:
            self._others[one].add(other)
            self._others[other].add(one)
            self._pairs += 1

    def implausible(self) -> list[JoinedIdentity]:
        """Return the identities that join more than `MOST_PLAUSIBLE` others, those with most others first."""
        found = [
            JoinedIdentity(masked(identity), len(others))
            for identity, others in self._others.items()
            if len(others) > MOST_PLAUSIBLE
        ]
        return sorted(found, key=lambda one: (-one.others, one.identity))


def masked(identity: str) -> str:
    """Return an identity without most of its personal part.

    Example:
        >>> masked("email:ann@shop.example")
        'email:an…@shop.example'
    """
    prefix, colon, name = identity.rpartition(":")
    local, at, domain = name.rpartition("@")
    return f"{prefix}{colon}{(local if at else name)[:_SHOWN]}…{at}{domain if at else ''}"


def described(joined: JoinedIdentity) -> str:
    """Return the warning about an identity."""
    return (
        f"{joined.identity} joins {joined.others:,} identities as one customer, for good: "
        "if it names no single person, leave it out with `match`, `null` or `skip` in the mapping"
    )
