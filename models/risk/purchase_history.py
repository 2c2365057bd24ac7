"""The purchase histories of customers: the times of their qualifying orders at an instant.

`retention fit` needs nothing else, so it collects them without a partition.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from models.definitions.definitions import Definitions
from models.definitions.windows import horizon_start
from models.entities import orders, refunds
from models.facts.claims import OrderClaim, RefundClaim
from models.facts.conflicts import without_superseded
from models.facts.control import Erase, IdentityErased, Merge, Redirected
from models.facts.fact import Fact
from models.facts.origins import with_origins
from models.identity.erased_ids import ErasedIds
from models.identity.merge_registry import MergeRegistry
from models.identity.messages import Message

__all__ = ["PurchaseHistories"]

_ORDERS: Final = get_args(OrderClaim)
_REFUNDS: Final = get_args(RefundClaim)


class PurchaseHistories:
    """Facts about orders, refunds and identities, in memory. They may be added in any order.

    Of several contents of one event id, only those about orders and refunds are compared.
    """

    def __init__(self) -> None:
        # Identity -> event id -> its contents: nearly always one.
        self._facts: dict[str, dict[str, list[Fact]]] = {}
        rows: dict[bytes, bytes] = {}
        self._registry = MergeRegistry(rows, {}, ErasedIds(rows, {}))
        self._canonical_ids: dict[str, str] = {}
        self._erased: set[str] = set()

    def add(self, customer_id: str, fact: Fact) -> None:
        """Add a fact. A fact that is not about an order, a refund or an identity is ignored."""
        claim = fact.claim
        if isinstance(claim, Merge):
            self._apply_messages(self._registry.merge(claim))
        elif isinstance(claim, Erase):
            self._apply_messages(self._registry.erase(claim.customer))
        elif isinstance(claim, (*_ORDERS, *_REFUNDS)):
            contents = self._facts.setdefault(customer_id, {}).setdefault(fact.claim.id, [])
            if fact not in contents:
                contents.append(fact)

    def at(self, now: int, definitions: Definitions) -> Iterator[list[int]]:
        """Yield the times of each customer's qualifying orders at `now`, ascending, microseconds.

        Customers without a qualifying order are left out.
        """
        since = horizon_start(now, definitions.horizon_days)
        for facts in self._customers(now):
            times = _qualifying([fact for fact in facts if since <= fact.time <= now])
            if times:
                yield times

    def _apply_messages(self, messages: Iterable[Message]) -> None:
        for to, fact in messages:
            if isinstance(fact.claim, IdentityErased):
                self._erased.add(fact.claim.identity)
            elif isinstance(fact.claim, Redirected) and to is not None:
                self._canonical_ids[to] = fact.claim.to

    def _customers(self, now: int) -> Iterable[list[Fact]]:
        """Return the facts of each customer that count at `now`, of all their identities."""
        customers: dict[str, list[Fact]] = {}
        for identity, by_event in self._facts.items():
            if identity not in self._erased:
                canonical_id = self._canonical_ids.get(identity, identity)
                facts = [fact for contents in by_event.values() for fact in contents]
                if len(facts) > len(by_event):
                    facts = without_superseded(facts, now, identity)
                customers.setdefault(canonical_id, []).extend(with_origins(facts, identity))
        return customers.values()


def _qualifying(facts: Iterable[Fact]) -> list[int]:
    placed: dict[str, list[Any]] = {}
    refunded_claims: dict[str, list[Any]] = {}
    for fact in facts:
        section = placed if isinstance(fact.claim, _ORDERS) else refunded_claims
        section.setdefault(fact.entity, []).append(fact.claim)
    refunded = refunds.refunded_of(refunded_claims.values())
    derived = (
        orders.derive(claims, refunded.get(entity, refunds.NOT_REFUNDED)) for entity, claims in placed.items()
    )
    return sorted(order.time for order in derived if order is not None and order.qualifying)
