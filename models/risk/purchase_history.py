"""When customers bought: their qualifying orders alone, of all facts known at an instant.

Where there is no partition at work, and nothing else is wanted of them (`retention fit`).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from models.definitions.definitions import Definitions
from models.definitions.windows import horizon_start
from models.entities import orders, refunds
from models.facts.claims import OrderClaim, RefundClaim
from models.facts.control import Erase, IdentityErased, Merge, Redirected
from models.facts.fact import Fact
from models.identity.erased_ids import ErasedIds
from models.identity.links import reassigned
from models.identity.merge_registry import MergeRegistry
from models.identity.messages import Message

__all__ = ["PurchaseHistories"]

_ORDERS: Final = get_args(OrderClaim)
_REFUNDS: Final = get_args(RefundClaim)


class PurchaseHistories:
    """Customers' facts about orders and refunds, in memory, in whatever order they come."""

    def __init__(self) -> None:
        # Identity -> event id -> fact: a second event with an id is a duplicate.
        self._facts: dict[str, dict[str, Fact]] = {}
        rows: dict[bytes, bytes] = {}
        self._registry = MergeRegistry(rows, {}, ErasedIds(rows, {}))
        self._names: dict[str, str] = {}
        self._erased: set[str] = set()

    def add(self, customer_id: str, fact: Fact) -> None:
        """Take a fact; what is not about an order, a refund or an identity is passed over."""
        claim = fact.claim
        if isinstance(claim, Merge):
            self._hear(self._registry.merge(claim))
        elif isinstance(claim, Erase):
            self._hear(self._registry.erase(claim.customer))
        elif isinstance(claim, (*_ORDERS, *_REFUNDS)):
            self._facts.setdefault(customer_id, {}).setdefault(fact.claim.id, fact)

    def at(self, now: int, definitions: Definitions) -> Iterator[list[int]]:
        """Give each customer's times of qualifying orders, ascending, as known at `now`; microseconds.

        Those who have none are left out.
        """
        since = horizon_start(now, definitions.horizon_days)
        for facts in self._customers():
            times = _qualifying([fact for fact in facts if since <= fact.time <= now])
            if times:
                yield times

    def _hear(self, letters: Iterable[Message]) -> None:
        for to, fact in letters:
            if isinstance(fact.claim, IdentityErased):
                self._erased.add(fact.claim.identity)
            elif isinstance(fact.claim, Redirected) and to is not None:
                self._names[to] = fact.claim.to

    def _customers(self) -> Iterable[list[Fact]]:
        """Give the facts of each customer, of all their identities."""
        customers: dict[str, list[Fact]] = {}
        for identity, facts in self._facts.items():
            if identity not in self._erased:
                name = self._names.get(identity, identity)
                known = customers.setdefault(name, [])
                known += (reassigned(fact, identity, name) for fact in facts.values())
        return customers.values()


def _qualifying(facts: Iterable[Fact]) -> list[int]:
    placed: dict[str, list[Any]] = {}
    repaid: dict[str, list[Any]] = {}
    for fact in facts:
        section = placed if isinstance(fact.claim, _ORDERS) else repaid
        section.setdefault(fact.entity, []).append(fact.claim)
    refunded = refunds.refunded_of(repaid.values())
    known = (
        orders.derive(claims, refunded.get(entity, refunds.NOT_REFUNDED)) for entity, claims in placed.items()
    )
    return sorted(order.time for order in known if order is not None and order.qualifying)
