"""An event type and its opposite: which of the two holds (docs/metrics.md, "Corrections")."""

from collections.abc import Iterable
from typing import TypeVar

from models.facts.claims import Claim, rank

_C = TypeVar("_C", bound=Claim)
_O = TypeVar("_O", bound=Claim)


def runs(claims: Iterable[Claim], kind: type[_C], opposite: type[_O]) -> list[_C | _O]:
    """Return the first claim of each unbroken run of a type or its opposite, by time and id.

    Args:
        claims: claims about one thing, in any order. Those of other types are ignored.
        kind: a claim class, such as `Cancelled`.
        opposite: the class that takes it back, such as `OrderRestored`.
    """
    found = [claim for claim in claims if isinstance(claim, kind | opposite)]
    found.sort(key=rank)
    return [
        claim for before, claim in zip([None, *found], found, strict=False) if type(claim) is not type(before)
    ]


def prevailing(claims: Iterable[Claim], kind: type[_C], opposite: type[_O]) -> _C | _O | None:
    """Return the claim that holds, of all claims of a type and its opposite about one thing.

    The last claim decides which of the two types holds. Of its run, the first claim counts, with its time,
    amount, order and reason.

    Returns:
        None without a claim of either class.
    """
    found = runs(claims, kind, opposite)
    return found[-1] if found else None


def in_force(claims: Iterable[Claim], kind: type[_C], opposite: type[Claim]) -> _C | None:
    """Return the claim by which a type prevails. None if its opposite does, or neither is known."""
    found = prevailing(claims, kind, opposite)
    return found if isinstance(found, kind) else None
