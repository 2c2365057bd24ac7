"""A partition's part in what concerns several: who moved to where, who is erased, who referred whom.

A customer's facts are kept by the partition of their name. What arrives for another of their identities is
sent on, and what was there before is sent after it. Whoever is named by an order is told so, again when it
changes, with a number (`turn`), since letters of one customer may take several ways to another who moves.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from models.customers.customer import Customer
from models.facts.claims import Completed, Placed
from models.facts.control import (
    AliasAdded,
    Erase,
    IdentityErased,
    Merge,
    Redirected,
    Referred,
    SentReferral,
    StoredControlFact,
)
from models.facts.fact import Fact
from models.identity.erased_ids import ErasedIds, Rows
from models.identity.links import (
    OrderReferral,
    linked_customers,
    links_of,
    reassigned,
    without_erased,
    without_referrer,
)
from models.identity.merge_registry import MERGE_KEY, REDIRECT_KEY, MergeRegistry
from models.identity.messages import Message

if TYPE_CHECKING:
    from models.partition.customers import PartitionCustomers


class CrossPartition:
    """Statements in and out of one partition.

    Args:
        home: its customers.
        rows: its rows: markers, the vault and the registry have theirs among them.
        touched: takes the keys of rows that have changed.

    Attributes:
        outgoing: what is to be delivered, in this order; who delivers it empties the list.
        guarded: whether anybody has moved or is erased, so that facts need a look before they are taken.
        dropped: facts of erased customers.
    """

    def __init__(self, home: "PartitionCustomers", rows: Rows, touched: dict[bytes, None]) -> None:
        self.outgoing: list[Message] = []
        self.dropped = 0
        self._home = home
        self._rows = rows
        self._touched = touched
        self._vault = ErasedIds(rows, touched)
        self._registry: MergeRegistry | None = None
        at = len(REDIRECT_KEY)
        self._markers = {key[at:]: to.decode() for key, to in rows.items() if key.startswith(REDIRECT_KEY)}
        # Name -> keys of the customers whose rows name it.
        self._mentions: dict[str, set[bytes]] = {}
        self.guarded = bool(self._markers) or self._vault.holds_any

    @property
    def registry(self) -> MergeRegistry:
        """The registry; only one partition is ever asked for it."""
        if self._registry is None:
            self._registry = MergeRegistry(self._rows, self._touched, self._vault)
        return self._registry

    def name_of(self, key: bytes) -> str | None:
        """Give the name to which an identity's facts are sent on; None: to nobody, they are here."""
        return self._markers.get(key)

    def repeat(self) -> None:
        """Say everything again, to partitions that have lost it."""
        if self._registry is not None or any(key.startswith(MERGE_KEY) for key in self._rows):
            self.outgoing += self.registry.all_redirects()
        if self._home.counting:
            for key in self.correspondents():
                self.tell(self._home.account(key), again=True)

    # What arrives.

    def admit(self, key: bytes, fact: Fact) -> Fact | None:
        """Give a fact of an event as it may be taken; None if it is not this partition's to take."""
        to = self._markers.get(key)
        if to is not None:
            self._send(to, reassigned(fact, key.decode(), to))
            return None
        if not self._vault.holds_any:
            return fact
        if key.decode() in self._vault:
            self.dropped += 1
            return None
        claim = fact.claim
        if type(claim) is Placed and claim.referrer and claim.referrer in self._vault:
            return without_referrer(fact)
        return fact

    def take(self, key: bytes, fact: Fact) -> None:
        """Take a statement."""
        claim = fact.claim
        if isinstance(claim, StoredControlFact):
            self._receive(key, fact, claim)
        elif type(claim) is Redirected:
            self._move(key, claim.to)
        elif type(claim) is IdentityErased:
            self._forget(claim.identity)
        elif type(claim) is Merge:
            self.outgoing += self.registry.merge(claim)
        elif type(claim) is Erase:
            self.outgoing += self.registry.erase(claim.customer)

    def _receive(self, key: bytes, fact: Fact, claim: StoredControlFact) -> None:
        to = self._markers.get(key)
        if to is not None:
            self._send(to, fact)
        elif key.decode() in self._vault:
            return
        elif type(claim) is AliasAdded:
            self._join(key, fact, claim)
        elif type(claim) is Referred and claim.by not in self._vault and self._home.is_known(claim.at):
            self._refer(key, fact, claim)

    def _join(self, key: bytes, fact: Fact, claim: AliasAdded) -> None:
        home = self._home
        if not home.counting:
            home.keep(key, fact)
            return
        account = home.account(key)
        letters = account.facts.links
        if letters is None or claim.identity not in letters.identities:
            home.keep(key, fact)
            home.ledger.join(account, claim.identity)
            home.touch(key)
            self.tell(account)

    def _refer(self, key: bytes, fact: Fact, claim: Referred) -> None:
        home = self._home
        if not home.counting:
            home.keep(key, fact)
            return
        account = home.account(key)
        letters = account.facts.links
        known = None if letters is None else letters.referrals.get((claim.by, fact.entity))
        if known is None or known.sequence < claim.sequence:
            home.keep(key, fact)
            home.age(account, claim.at)
            home.ledger.refer(account, fact.entity, claim)
            home.touch(key)
            self._mentions.setdefault(claim.by, set()).add(key)

    def _move(self, key: bytes, to: str) -> None:
        """An identity has a name now: what is known of it belongs there."""
        identity = key.decode()
        if identity in self._vault:
            return
        if to == identity:
            self._mark(key, None)
            return
        self._send(to, Fact("", AliasAdded(identity=identity)))  # again, too: it may have been lost
        if self._markers.get(key) == to:
            return
        self._mark(key, to)
        facts = self._home.log_of(key)
        if not facts:
            return
        self._home.replace(key, [])
        self._withdraw(identity, facts)
        for fact in facts:
            if type(fact.claim) is not SentReferral:
                self._send(
                    to, fact if isinstance(fact.claim, StoredControlFact) else reassigned(fact, identity, to)
                )

    def _withdraw(self, identity: str, facts: Iterable[Fact]) -> None:
        """Say that orders are no referrals of this identity's any more."""
        for order, (referrer, at) in links_of(facts).sent_referrals.items():
            self._say(identity, order, referrer, at, active=False)

    def _forget(self, identity: str) -> None:
        """Forget an identity, here and where others name it."""
        key = identity.encode()
        self._vault.add(identity)
        self.guarded = True
        self._mark(key, None)
        if self._home.log_of(key):
            self._home.replace(key, [])
        for other in {*self._mentions.pop(identity, ()), *self._home.waiting_to_name(identity)}:
            facts = self._home.log_of(other)
            if identity in linked_customers(facts):  # still
                self._home.replace(other, without_erased(facts, {identity}))

    def _mark(self, key: bytes, to: str | None) -> None:
        """Note to whom an identity's facts are sent on; None: to nobody."""
        row = REDIRECT_KEY + key
        if to is not None:
            self._markers[key] = to
            self._rows[row] = to.encode()
            self.guarded = True
        elif self._markers.pop(key, None) is not None:
            del self._rows[row]
        else:
            return
        self._touched[row] = None

    # What is sent.

    def erased_of(self, facts: Iterable[Fact]) -> set[str]:
        """Give who of those whom a log names is erased."""
        return (
            {name for name in linked_customers(facts) if name in self._vault}
            if self._vault.holds_any
            else set()
        )

    def note_names(self, key: bytes, facts: Iterable[Fact]) -> None:
        """Take note of whom a customer's log names."""
        for name in linked_customers(facts):
            self._mentions.setdefault(name, set()).add(key)

    def correspondents(self) -> list[bytes]:
        """Give the customers who name others, or are named."""
        return sorted({key for keys in self._mentions.values() for key in keys})

    def follow(self, account: Customer, fact: Fact) -> None:
        """Tell of the orders that a fact, known now, has to do with."""
        claim = fact.claim
        orders: set[str] = {fact.entity}
        if type(claim) is Placed and claim.referrer:
            self._mentions.setdefault(claim.referrer, set()).add(account.key)
        elif type(claim) is Completed:
            orders = {each.order for each in account.facts.refunds.get(fact.entity, ())}
        self.tell(account, orders)

    def owes(self, account: Customer, *, again: bool) -> bool:
        """Whether `tell` would tell anybody anything."""
        if account.facts.links is None:
            return False
        return any(told != now or (again and now) for _, told, now in _named(account))

    def tell(self, account: Customer, orders: set[str] | None = None, *, again: bool = False) -> None:
        """Tell those whom the customer's orders name what has changed; `again` also what has not."""
        by = account.key.decode()
        for entity, before, now in _named(account, orders):
            if before is not None and (now is None or now[0] != before[0]):
                self._tell(account, by, entity, *before, active=False)
            if now is not None and (now != before or again):
                self._tell(account, by, entity, *now, active=True)

    def _tell(self, account: Customer, by: str, order: str, referrer: str, at: int, *, active: bool) -> None:
        self._say(by, order, referrer, at, active=active)
        told = SentReferral(referrer=referrer, at=at, active=active)
        account.facts.ensure_links().add(order, told)
        self._home.keep(account.key, Fact(order, told))

    def _say(self, by: str, order: str, referrer: str, at: int, *, active: bool) -> None:
        turn = self._home.next_turn()
        self._send(referrer, Fact(order, Referred(by=by, at=at, sequence=turn, active=active)))

    def _send(self, to: str, fact: Fact) -> None:
        self.outgoing.append(Message(to, fact))


def _named(
    account: Customer, orders: set[str] | None = None
) -> list[tuple[str, OrderReferral | None, OrderReferral | None]]:
    """Give a customer's orders (all, or of these) that name somebody: what was said last, and what is so.

    That is who is named and when the order was placed (microseconds); None: that nobody is.
    """
    letters = account.facts.links
    if letters is None:
        return []
    named = []
    for entity in sorted(
        letters.orders_with_referrer if orders is None else letters.orders_with_referrer & orders
    ):
        order = account.order(entity)
        now = None
        if order is not None and order.qualifying and order.referrer:
            now = OrderReferral(order.referrer, order.time)
        named.append((entity, letters.sent_referrals.get(entity), now))
    return named
