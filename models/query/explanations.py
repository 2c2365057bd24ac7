"""The explanation of a claim, and the rules that several kinds of entities share."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from models.entities.opposites import prevailing
from models.facts.claims import Claim, rank
from models.query.responses import Use

_C = TypeVar("_C", bound=Claim)


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


class OppositeReasons(NamedTuple):
    """How a type of claim and its opposite are explained.

    Attributes:
        kind: the type.
        opposite: the type that takes it back.
        uses: metrics that include the claim that holds.
        reason: what a claim of the type does.
        opposite_reason: what a claim of the opposite type does.
    """

    kind: type[Claim]
    opposite: type[Claim]
    uses: list[Use]
    reason: str
    opposite_reason: str


def opposites(known: Sequence[Claim], words: OppositeReasons) -> Iterator[Explanation]:
    """Yield explanations of the claims of a type and of its opposite: the last run's first claim counts."""
    holds = prevailing(known, words.kind, words.opposite)
    for claim in sorted(known, key=rank):
        if not isinstance(claim, words.kind | words.opposite):
            continue
        reason = words.reason if isinstance(claim, words.kind) else words.opposite_reason
        if claim is holds:
            yield Explanation(claim, words.uses, reason)
        elif holds is not None:
            outcome = (
                "an earlier event says so already"
                if type(claim) is type(holds)
                else "a later event takes it back"
            )
            yield Explanation(claim, [], outcome, holds.id)


def incomplete(known: Iterable[Claim], reason: str) -> Iterator[Explanation]:
    """Yield explanations of claims that do not count yet."""
    for claim in known:
        yield Explanation(claim, [], reason)
