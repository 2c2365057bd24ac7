"""Refunds: derived from claims, and applied to the aggregates (docs/metrics.md, "Refunds")."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.exposures import REFUND, REFUND_REJECTED, Exposure
from models.entities.opposites import in_force, prevailing
from models.facts.claims import Completed, RefundClaim, Rejected, Requested, Reversed, rank

_C = TypeVar("_C", Requested, Rejected)


class Refunded(NamedTuple):
    """The completed refunds of an order.

    Attributes:
        number: number of refunds.
        amount: their sum, minor units.
    """

    number: int
    amount: int


NOT_REFUNDED = Refunded(0, 0)


class Refund(Struct, frozen=True, gc=False):
    """A refund. Each time counts only if the order that its claim names was placed.

    Attributes:
        requested: time of the request, microseconds. None without one.
        completed: time of the payment, microseconds. None without one that holds.
        rejected: time of the rejection, microseconds. None without one.
        reversed: time of the reversal, microseconds. None without one that holds.
    """

    requested: int | None
    completed: int | None
    rejected: int | None
    reversed: int | None = None


def derive(claims: Iterable[RefundClaim], is_known: Callable[[str], bool]) -> Refund:
    """Return the refund that the claims of one `refund_id` make.

    Args:
        claims: the claims.
        is_known: returns whether the order of an id was placed.
    """
    found = list(claims)

    def time(winner: RefundClaim | None) -> int | None:
        return winner.time if winner is not None and is_known(winner.order) else None

    holds = prevailing(found, Completed, Reversed)
    at, is_reversed = time(holds), isinstance(holds, Reversed)
    return Refund(
        time(_first(found, Requested)),
        None if is_reversed else at,
        time(_first(found, Rejected)),
        at if is_reversed else None,
    )


def exposures(refund: Refund) -> tuple[Exposure, ...]:
    """Return the exposure to a paid or rejected refund. Empty while it is undecided, or if reversed."""
    if refund.reversed is not None:
        return ()
    if refund.completed is not None:
        return ((REFUND, refund.completed // US_PER_HOUR),)
    if refund.rejected is not None:
        return ((REFUND_REJECTED, refund.rejected // US_PER_HOUR),)
    return ()


def completed(claims: Iterable[RefundClaim]) -> Completed | None:
    """Return the payment that holds: the first of the last run of payments. None if it was reversed."""
    return in_force(claims, Completed, Reversed)


def _first(claims: Iterable[RefundClaim], kind: type[_C]) -> _C | None:
    found = [claim for claim in claims if isinstance(claim, kind)]
    return min(found, key=rank) if found else None


def refunded_of(refunds: Iterable[Sequence[RefundClaim]]) -> dict[str, Refunded]:
    """Return the completed refunds by order id, given the claims of each refund."""
    result: dict[str, Refunded] = {}
    for claims in refunds:
        winner = completed(claims)
        if winner is not None:
            number, paid = result.get(winner.order, NOT_REFUNDED)
            result[winner.order] = Refunded(number + 1, paid + winner.amount)
    return result


class RefundAggregator:
    """Applies refunds to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._completed = aggregates.count("refunds_completed")
        self._rejected = aggregates.count("refunds_rejected")
        self._reversed = aggregates.count("refunds_reversed")
        self._open = aggregates.gauge("refunds_open")
        self._time = aggregates.duration("refund")

    def add(self, refund: Refund, sign: int) -> None:
        """Apply a refund (`sign` 1), or retract it (-1)."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        if refund.reversed is not None:
            cells.append(self._reversed + refund.reversed // US_PER_HOUR)
        elif refund.completed is not None:
            cells.append(self._completed + refund.completed // US_PER_HOUR)
            if refund.requested is not None:
                took = refund.completed - refund.requested
                self._aggregates.add_duration(self._time, refund.completed, took, sign)
        elif refund.rejected is not None:
            cells.append(self._rejected + refund.rejected // US_PER_HOUR)
        elif refund.requested is not None:
            self._aggregates.gauges[self._open] += sign
