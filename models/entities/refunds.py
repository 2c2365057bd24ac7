"""A refund, as its claims make it, and what it adds to the sums (docs/metrics.md, "Refunds")."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.exposures import REFUND, REFUND_REJECTED, Exposure
from models.facts.claims import Completed, RefundClaim, Rejected, Requested

#: What has been refunded of an order: how many refunds, and their sum in minor units.
Refunded = tuple[int, int]
NOT_REFUNDED: Refunded = (0, 0)

_C = TypeVar("_C", Requested, Completed, Rejected)


class Refund(Struct, frozen=True, gc=False):
    """What is known of a refund: when it was requested, paid and declined; None where it was not.

    Each of the three counts once the order is known that its winning event names.
    """

    requested: int | None
    completed: int | None
    rejected: int | None


def derive(claims: Iterable[RefundClaim], is_known: Callable[[str], bool]) -> Refund:
    """Give the refund that claims of one `refund_id` make, where these orders are known."""
    found = list(claims)

    def time(kind: type[_C]) -> int | None:
        winner = _first(found, kind)
        return winner.time if winner is not None and is_known(winner.order) else None

    return Refund(time(Requested), time(Completed), time(Rejected))


def exposures(refund: Refund) -> tuple[Exposure, ...]:
    """Give what the customer met in a refund that is decided."""
    if refund.completed is not None:
        return ((REFUND, refund.completed // US_PER_HOUR),)
    if refund.rejected is not None:
        return ((REFUND_REJECTED, refund.rejected // US_PER_HOUR),)
    return ()


def completed(claims: Iterable[RefundClaim]) -> Completed | None:
    """Give the completion that counts: the earliest."""
    return _first(claims, Completed)


def _first(claims: Iterable[RefundClaim], kind: type[_C]) -> _C | None:
    found = [claim for claim in claims if isinstance(claim, kind)]
    return min(found, key=lambda claim: (claim.time, claim.id)) if found else None


def refunded_of(refunds: Iterable[Sequence[RefundClaim]]) -> dict[str, Refunded]:
    """Give what refunds, each a set of claims, have paid back: order id -> number and sum."""
    result: dict[str, Refunded] = {}
    for claims in refunds:
        winner = completed(claims)
        if winner is not None:
            number, paid = result.get(winner.order, NOT_REFUNDED)
            result[winner.order] = (number + 1, paid + winner.amount)
    return result


class RefundAggregator:
    """What refunds of known orders add to a partition's sums."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._completed = aggregates.count("refunds_completed")
        self._rejected = aggregates.count("refunds_rejected")
        self._open = aggregates.gauge("refunds_open")
        self._time = aggregates.duration("refund")

    def add(self, refund: Refund, sign: int) -> None:
        """Add a refund's points, or take them back."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        if refund.completed is not None:
            cells.append(self._completed + refund.completed // US_PER_HOUR)
            if refund.requested is not None:
                took = refund.completed - refund.requested
                self._aggregates.add_duration(self._time, refund.completed, took, sign)
        elif refund.rejected is not None:
            cells.append(self._rejected + refund.rejected // US_PER_HOUR)
        elif refund.requested is not None:
            self._aggregates.gauges[self._open] += sign
