"""When customers bought: their qualifying orders alone, of all facts known at an instant.

Where there is no partition at work, and nothing else is wanted of them (`retention fit`).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from models import orders, refunds
from models.claims import OrderClaim, RefundClaim
from models.definitions import Definitions
from models.facts import Fact
from models.partition import known_since
from models.windows import hour

__all__ = ["Histories"]

_ORDERS: Final = get_args(OrderClaim)
_REFUNDS: Final = get_args(RefundClaim)


class Histories:
    """Customers' facts about orders and refunds, in memory, in whatever order they come."""

    def __init__(self) -> None:
        # Customer -> event id -> fact: a second event with an id is a duplicate.
        self._facts: dict[str, dict[str, Fact]] = {}

    def add(self, customer_id: str, fact: Fact) -> None:
        """Take a fact; what is not about an order or a refund is passed over."""
        if isinstance(fact.claim, (*_ORDERS, *_REFUNDS)):
            self._facts.setdefault(customer_id, {}).setdefault(fact.claim.id, fact)

    def at(self, now: int, definitions: Definitions) -> Iterator[list[int]]:
        """Give each customer's times of qualifying orders, ascending, as known at `now`; microseconds.

        Those who have none are left out.
        """
        since = known_since(hour(now), definitions.horizon_days)
        for facts in self._facts.values():
            times = _qualifying([fact for fact in facts.values() if since <= fact.time <= now])
            if times:
                yield times


def _qualifying(facts: Iterable[Fact]) -> list[int]:
    placed: dict[str, list[Any]] = {}
    repaid: dict[str, list[Any]] = {}
    for fact in facts:
        section = placed if isinstance(fact.claim, _ORDERS) else repaid
        section.setdefault(fact.entity, []).append(fact.claim)
    refunded = refunds.refunded_of(repaid.values())
    known = (
        orders.derive(claims, refunded.get(entity, refunds.NOTHING)) for entity, claims in placed.items()
    )
    return sorted(order.time for order in known if order is not None and order.qualifying)
