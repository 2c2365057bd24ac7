"""The explanation of a claim, and the rules that several kinds of entities share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from models.entities.opposites import prevailing
from models.facts.claims import Claim, rank
from models.query.responses import Use

_C = TypeVar("_C", bound=Claim)
_O = TypeVar("_O", bound=Claim)


class Explanation(NamedTuple):
    """The metrics that a claim counts for, and why.

    Attributes:
        claim: the claim.
        uses: metrics that include the claim; empty if none does.
        reason: why it counts, or why not, in a sentence.
        superseded_by: id of the event that counts instead; None if there is none.
    """

    claim: Claim
    uses: list[Use]
    reason: str
    superseded_by: str | None = None


def claims_of(known: Iterable[Claim], kind: type[_C]) -> list[_C]:
    """Return the claims of one kind, sorted by time and id."""
    return sorted((claim for claim in known if isinstance(claim, kind)), key=rank)


def superseded(losers: Iterable[Claim], winner: Claim, reason: str) -> Iterator[Explanation]:
    """Yield explanations of claims of which another one counts instead."""
    for claim in losers:
        yield Explanation(claim, [], reason, winner.id)


def first_counts(
    found: Sequence[Claim], uses: list[Use], reason: str, repeated: str
) -> Iterator[Explanation]:
    """Yield explanations of claims of which the earliest counts.

    Args:
        found: claims of one kind, sorted; may be empty.
        uses: metrics that include the earliest one.
        reason: why it counts.
        repeated: why the others do not.
    """
    if found:
        yield Explanation(found[0], uses, reason)
        yield from superseded(found[1:], found[0], repeated)


def opposites(
    known: Iterable[Claim], kind: type[_C], opposite: type[_O], explain: Callable[[_C | _O], Explanation]
) -> Iterator[Explanation]:
    """Yield explanations of the claims of a type and of its opposite: the last run's first claim counts.

    Args:
        known: claims about one thing. Those of other types are ignored.
        kind: a claim class.
        opposite: the class that takes it back.
        explain: explains the claim that counts.
    """
    found = [claim for claim in known if isinstance(claim, kind | opposite)]
    holds = prevailing(found, kind, opposite)
    for claim in sorted(found, key=rank):
        if holds is None or claim is holds:
            yield explain(claim)
        elif type(claim) is type(holds):
            yield Explanation(claim, [], "an earlier event of this type counts", holds.id)
        else:
            yield Explanation(claim, [], "a later event takes it back", holds.id)


def incomplete(known: Iterable[Claim], reason: str) -> Iterator[Explanation]:
    """Yield explanations of claims that do not count yet."""
    for claim in known:
        yield Explanation(claim, [], reason)
