"""What has happened to a customer's qualifying orders, in the order of event time.

An order qualifies, or is worth something else, from the instant of the fact that made it so: a refund of May
leaves what the order was in April.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Final, NamedTuple

from models.customers.customer import Customer
from models.definitions.windows import US_PER_HOUR
from models.entities import refunds
from models.entities.orders import QualifyingOrder
from models.facts.claim_types import EVENT_TYPE_OF
from models.facts.claims import Amended, Cancelled, Claim, Completed, OrderClaim, Placed

Change = Amended | Cancelled | Completed


class OrderChange(NamedTuple):
    """A change of one qualifying order, in event time.

    Attributes:
        time: time of the change, microseconds.
        event: id of the event that caused it.
        type: type of that event.
        before: the order before. None if it did not qualify.
        after: the order from then on. None if it does not qualify.
    """

    time: int
    event: str
    type: str
    before: QualifyingOrder | None
    after: QualifyingOrder | None


_PLACED: Final = EVENT_TYPE_OF[Placed]


def order_changes(account: Customer) -> list[OrderChange]:
    """Give all moves, by (time, event id)."""
    paid = _paid(account)
    moves: list[OrderChange] = []
    for entity, known in account.row.orders.items():
        placed: Placed | None = None
        plain = entity not in paid
        for claim in known:
            kind = type(claim)
            if kind is Placed:
                plain = plain and placed is None
                placed = claim  # type: ignore[assignment]
            elif kind is Amended or kind is Cancelled:
                plain = False
        if placed is None:
            continue
        if plain:  # as nearly all are
            moves.append(OrderChange(placed.time, placed.id, _PLACED, None, _entry(placed, placed.amount)))
        else:
            moves += _moves(known, paid.get(entity, ()))
    moves.sort(key=itemgetter(0, 1))
    return moves


def _paid(account: Customer) -> dict[str, list[Completed]]:
    paid: dict[str, list[Completed]] = {}
    for known in account.row.refunds.values():
        winner = refunds.completed(known)
        if winner is not None:
            paid.setdefault(winner.order, []).append(winner)
    return paid


def _moves(known: Iterable[OrderClaim], paid: Iterable[Completed]) -> list[OrderChange]:
    """Give the moves of an order that was placed: what is from before that counts from then on."""
    placed = min((claim for claim in known if isinstance(claim, Placed)), key=_moment)
    changes: list[Change] = [claim for claim in known if isinstance(claim, Amended | Cancelled)]
    changes = sorted([*changes, *paid], key=_moment)
    standing = _Standing(placed)
    for change in changes:
        if change.time <= placed.time:
            standing.take(change)
    entry = standing.entry()
    moves: list[OrderChange] = (
        [] if entry is None else [OrderChange(placed.time, placed.id, _PLACED, None, entry)]
    )
    for change in changes:
        if change.time > placed.time:
            standing.take(change)
            before, entry = entry, standing.entry()
            if entry != before:
                event_type = EVENT_TYPE_OF[type(change)]
                moves.append(OrderChange(change.time, change.id, event_type, before, entry))
    return moves


class _Standing:
    """An order as it stands at some instant."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._amount = placed.amount
        self._paid = 0
        self._cancelled = False

    def take(self, change: Change) -> None:
        """Take the next change, by (time, event id)."""
        if isinstance(change, Amended):
            self._amount = change.amount
        elif isinstance(change, Completed):
            self._paid += change.amount
        else:
            self._cancelled = True

    def entry(self) -> QualifyingOrder | None:
        if self._cancelled or (self._paid and self._paid >= self._amount):
            return None
        return _entry(self._placed, max(0, self._amount - self._paid))


def _entry(placed: Placed, net: int) -> QualifyingOrder:
    hour = placed.time // US_PER_HOUR
    return QualifyingOrder(placed.time, placed.id, hour, placed.channel, placed.currency, net)


def _moment(claim: Claim) -> tuple[int, str]:
    return claim.time, claim.id
