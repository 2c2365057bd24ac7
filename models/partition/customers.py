"""The customers of a partition at an instant: what is known of each, and what all of them add up to."""

from models.customers.cache import CustomerCache
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR, NEVER_US, TIMELESS, US_PER_HOUR, between, horizon_start
from models.facts.fact import Fact
from models.facts.fact_log import FactLog
from models.identity.links import facts_since, without_erased
from models.outputs import EmitSchedule
from models.partition.cross_partition import CrossPartition
from models.partition.future_facts import FutureFacts
from models.partition.ledger import Ledger
from models.partition.metadata import PartitionMetadata


class PartitionCustomers:
    """Customers, as of the clock.

    A customer's facts are in their log. One from later than the clock waits; the rest is known, and adds to
    the sums of the ledger as long as it is within the horizon.

    Args:
        definitions: the parameters of the definitions.
        journal: the logs.
        meta: has the clock.
        counting: as the attribute.

    Attributes:
        counting: whether the sums are those of the logs: what changes one has to change the other.
        journal: the logs.
        ledger: what changes the sums.
        correspondence: what concerns other partitions' customers too.
        desk: who is to be looked at, to say what has become of them.
        since: the first instant that is within the horizon, microseconds.
    """

    def __init__(
        self, definitions: Definitions, journal: FactLog, meta: PartitionMetadata, *, counting: bool
    ) -> None:
        self.counting = counting
        self.journal = journal
        self.desk = EmitSchedule(journal.customers)
        self.correspondence = CrossPartition(self, journal.rows, journal.dirty)
        self._definitions = definitions
        self._meta = meta
        self._accounts = CustomerCache(self._known_facts)
        self._waiting = FutureFacts()
        # Event hour of the oldest claim -> customers. An entry whose customer has an older one is ignored.
        self._oldest: dict[int, list[bytes]] = {}
        self.begin()

    def begin(self) -> None:
        """Begin with empty sums, at the clock."""
        self.ledger = Ledger(self._definitions, self._meta.now)
        self.move_horizon()

    def move_horizon(self) -> None:
        """Let the horizon follow the clock."""
        self.since = horizon_start(self._meta.now, self._definitions.horizon_days)

    def is_known(self, time: int) -> bool:
        """Whether what is of a time (microseconds) is within the horizon."""
        return time >= self.since

    # A customer.

    def account(self, key: bytes) -> Customer:
        """Give a customer at work."""
        return self._accounts.get(key)

    def peek(self, key: bytes) -> Customer:
        """Give a customer to look at once."""
        return self._accounts.peek(key)

    def copy_of(self, key: bytes) -> Customer:
        """Give a customer as known now, to be read by others."""
        return Customer(key, CustomerFacts(self._known_facts(key)))

    def facts(self, key: bytes) -> tuple[list[Fact], list[Fact]]:
        """Give a customer's facts: those known now, and those later than the clock; none of a stranger."""
        known = [fact for fact in self._known_facts(key) if fact.claim.time != TIMELESS]
        return known, self._waiting.of(key)

    def log_of(self, key: bytes) -> list[Fact]:
        """Give a customer's log."""
        return self.journal.read(key)

    def waiting_to_name(self, identity: str) -> list[bytes]:
        """Give the customers with facts from later than the clock that name somebody."""
        return self._waiting.naming(identity)

    # What changes one.

    def take(self, key: bytes, fact: Fact, encoded: bytes) -> bool:
        """Take a customer's fact that is within the horizon; False if its event is known already."""
        account = self._accounts.get(key)  # as it is without the fact
        if self.journal.append(((key, fact.claim.id, encoded),)):
            return False
        if fact.claim.time > self._meta.now:
            self._waiting.add(key, fact)
        else:
            self._know(key, account, fact)
        return True

    def keep(self, key: bytes, statement: Fact) -> None:
        """Write a statement into a customer's log."""
        self.journal.append_control_fact(key, statement)

    def replace(self, key: bytes, facts: list[Fact]) -> None:
        """Put a log in the place of a customer's, and what it comes to in that of what they added."""
        if self.counting:
            self.ledger.expire(self._accounts.get(key), NEVER_US)
            self.desk.mark_dirty(key)
        self._waiting.forget(key)
        self._accounts.remove(key)
        self.journal.rewrite(key, facts)
        if self.counting and facts:
            self.restore(key)
            self.correspondence.tell(self.account(key))

    def enter(self, account: Customer, fact: Fact) -> None:
        """Let a fact add what it adds."""
        self.age(account, fact.claim.time)
        self.ledger.enter(account, fact)

    def age(self, account: Customer, time: int) -> None:
        """Look at a customer again when what is of a time (microseconds) leaves the horizon."""
        at = time // US_PER_HOUR
        if at < account.facts.earliest_hour:
            account.facts.earliest_hour = at
            self._oldest.setdefault(at, []).append(account.key)

    def touch(self, key: bytes) -> None:
        """Something has changed of a customer that others are told of."""
        self.desk.mark_dirty(key)

    def next_turn(self) -> int:
        """Give a number larger than any before."""
        self._meta.turn += 1
        return self._meta.turn

    def restore(self, key: bytes) -> Customer | None:
        """Add up one customer; None: nothing counts of them."""
        facts = self.journal.read(key)
        if self._meta.latest > self._meta.now:
            facts = self._hold(key, facts)
        row = CustomerFacts(facts)
        if row.earliest_hour * US_PER_HOUR < self.since:
            facts = facts_since(facts, self.since)
            self.journal.rewrite(key, [*facts, *self._waiting.of(key)])
            row = CustomerFacts(facts)
        if row.links is not None or key in self._waiting:
            erased = self.correspondence.erased_of(self.journal.read(key))
            if erased:
                self.journal.rewrite(key, without_erased(self.journal.read(key), erased))
                self._waiting.unname(key, erased)
                facts = without_erased(facts, erased)
                row = CustomerFacts(facts)
        if row.earliest_hour == NEVER_HOUR:
            return None
        account = Customer(key, row)
        self.ledger.open(account)
        self._accounts.pack_exposures(account)
        self._oldest.setdefault(row.earliest_hour, []).append(key)
        if row.links is not None:
            self.correspondence.note_names(key, facts)
        return account

    def _hold(self, key: bytes, facts: list[Fact]) -> list[Fact]:
        """Give the facts that are known now, and let those from later wait."""
        now = self._meta.now
        for fact in facts:
            if fact.time > now:
                self._waiting.add(key, fact)
        return [fact for fact in facts if fact.time <= now] if key in self._waiting else facts

    def _known_facts(self, key: bytes) -> list[Fact]:
        return self._waiting.known(key, self.journal.read(key))

    def _know(self, key: bytes, account: Customer, fact: Fact) -> None:
        self.enter(account, fact)
        self.desk.mark_dirty(key)
        if account.facts.links is not None:
            self.correspondence.follow(account, fact)

    # What the clock does.

    def follow_clock(self, before: int) -> None:
        """Follow the clock from `before` (microseconds) on: facts become known, others are forgotten."""
        now = self._meta.now
        # First, while everything still stands as of `before`.
        for key, kind, entity in self.ledger.due(now):
            self.ledger.ripen(self._accounts.get(key), kind, entity, before)
        for key in self._waiting.due(now):
            account = self._accounts.get(key)
            for fact in self._waiting.release(key, now):
                self._know(key, account, fact)
        self._expire()

    def _expire(self) -> None:
        """Forget what has left the horizon."""
        before = self.since
        self.move_horizon()
        for at in between(self._oldest, before // US_PER_HOUR, self.since // US_PER_HOUR):
            for key in self._oldest.pop(at):
                account = self._accounts.get(key)
                if account.facts.earliest_hour == at:
                    self._forget(key, account)

    def _forget(self, key: bytes, account: Customer) -> None:
        self.ledger.expire(account, self.since)
        self.desk.mark_dirty(key)
        self.journal.rewrite(key, facts_since(self.journal.read(key), self.since))
        self.correspondence.tell(account)
        if account.facts.earliest_hour != NEVER_HOUR:
            self._oldest.setdefault(account.facts.earliest_hour, []).append(key)
        elif key not in self.journal.rows:
            self._accounts.remove(key)
