"""One partition of the customers: their rows, what they add up to, and what the clock does to them.

The state is the rows: logs of facts (`models.pages`). A partition that resumes begins by absorbing: a fact is
appended to its customer's log, and nothing is derived, as long as nobody can be told the numbers anyway.
`count` adds up all rows once; from then on every fact that arrives changes the sums by what it changes, so
that they always hold the sum of all rows at `now`. What depends on an instant waits for it: a fact from later
than the clock in a heap, the oldest claim of each customer in the hour in which it leaves the horizon.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final

import msgspec

from models.account import Account
from models.accounts import Accounts
from models.aggregates import Partial
from models.claims import LONG_AGO
from models.correspondence import Correspondence
from models.customer import Row
from models.definitions import Definitions
from models.facts import Fact, encode
from models.journal import Journal
from models.ledger import Ledger
from models.letters import Letter, kept, mentioned, without
from models.meta import META_KEY, STATE_VERSION, Meta, read_meta
from models.outputs import Desk, Output, Said, Speaker, decode_said, encode_said
from models.windows import NEVER, US_PER_HOUR, between, hour

__all__ = ["Addressed", "Partial", "Partition"]

#: A customer's key, a fact, and the same as `facts.encode` gives it: who forwards facts has that anyway.
Addressed = tuple[bytes, Fact, bytes]

#: So many customers' points are taken into the tables at once when all are added up: they take 10 KB each.
_SETTLED_AT_ONCE: Final = 5_000


class Partition:
    """Customers, and the sums they make.

    Args:
        definitions: the parameters of the definitions.
        rows: key -> value, as in the changelog; used and changed in place. If any are given, or loaded later,
            `rebuild` comes before `apply`.

    Attributes:
        counting: whether the sums are those of the rows: facts are to be applied, no longer absorbed.
    """

    def __init__(self, definitions: Definitions, rows: dict[bytes, bytes]) -> None:
        self._definitions = definitions
        self._rows = rows
        self._speaker = Speaker(definitions)
        self._journal = Journal(rows)
        self.counting = True
        self._begin(Meta(), 0)

    def _begin(self, meta: Meta, now: int) -> None:
        self.meta = meta
        self._drained = msgspec.structs.replace(meta)
        meta.version = STATE_VERSION
        self._correspondence = Correspondence(self, self._rows, self._journal.touched)
        self._accounts = Accounts(self._known_facts)
        # Facts later than the clock, by customer; (instant, customer) of each.
        self._held: dict[bytes, list[Fact]] = {}
        self._waiting: list[tuple[int, bytes]] = []
        # Event hour of the oldest claim -> customers. An entry whose customer has an older one is ignored.
        self._oldest: dict[int, list[bytes]] = {}
        self._desk = Desk(self.customers)
        self._set_clock(max(meta.now, now))

    def _set_clock(self, now: int) -> None:
        self.meta.now = now
        self._ledger = Ledger(self._definitions, now)
        self._since = known_since(hour(now), self._definitions.horizon_days)

    @property
    def now(self) -> int:
        """The instant that the aggregates stand at, microseconds; it never goes back."""
        return self.meta.now

    @property
    def latest(self) -> int:
        """The largest event time seen, microseconds."""
        return self.meta.latest

    @latest.setter
    def latest(self, time: int) -> None:
        self.meta.latest = time

    @property
    def changed(self) -> bool:
        """Whether rows have changed since the last drain."""
        return bool(self._journal.touched) or self.meta.rewind != self._drained.rewind

    def take(self, facts: Iterable[Addressed]) -> int:
        """Take facts: count them, or, as long as nothing is counted, only write them down.

        One from beyond the horizon counts for nothing; one from later than the clock waits for `advance`.

        Returns:
            How many are of events that are known already.
        """
        if not self.counting:
            return self._absorb(facts)
        now = self.meta.now
        return sum([not self._apply(key, fact, encoded, now) for key, fact, encoded in facts])

    def _absorb(self, facts: Iterable[Addressed]) -> int:
        letters, log, since = self._correspondence, self._journal.log, self._since
        latest, known = self.meta.latest, 0
        entries: list[tuple[bytes, str, bytes]] = []
        for key, fact, encoded in facts:
            claim = fact.claim
            time = claim.time
            if time > latest:  # noqa: PLR1730 - max() takes as long as the rest
                latest = time
            if time < since:
                if time == LONG_AGO:
                    known += log(entries)  # they may be what it is about
                    entries = []
                    letters.take(key, fact)
            elif not letters.guarded:
                entries.append((key, claim.id, encoded))
            elif (admitted := letters.admit(key, fact)) is not None:
                entries.append((key, claim.id, encoded if admitted is fact else encode(admitted)))
        self.meta.latest = latest
        return known + log(entries)

    def apply(self, customer_id: str, fact: Fact, now: int) -> bool:
        """Take a fact, and count it; False if its event is known already.

        Args:
            customer_id: whom it is about.
            fact: what is to be known.
            now: facts later than this, and than the partition's own clock, wait for `advance`.
        """
        return self._apply(customer_id.encode(), fact, encode(fact), now)

    def _apply(self, key: bytes, fact: Fact, encoded: bytes, now: int) -> bool:
        claim = fact.claim
        time = claim.time
        if time > self.meta.latest:  # noqa: PLR1730 - as above
            self.meta.latest = time
        if time < self._since:
            if time == LONG_AGO:
                self._correspondence.take(key, fact)
            return True
        if self._correspondence.guarded:
            admitted = self._correspondence.admit(key, fact)
            if admitted is None:
                return True
            if admitted is not fact:
                fact, encoded = admitted, encode(admitted)
        account = self._accounts.get(key)  # as it is without the fact
        if self._journal.log(((key, claim.id, encoded),)):
            return False
        if time > now and time > self.meta.now:
            self._held.setdefault(key, []).append(fact)
            heappush(self._waiting, (time, key))
        else:
            self._know(key, account, fact)
        return True

    def advance(self, now: int) -> None:
        """Let the clock go on to `now` (microseconds): facts become known, others leave the horizon."""
        if now <= self.meta.now:
            return
        before, self.meta.now = self.meta.now, now
        if not self.counting:
            self._since = known_since(hour(now), self._definitions.horizon_days)
            return
        # First, while everything still stands as of `before`.
        for key, kind, entity in self._ledger.due(now):
            account = self._accounts.get(key)
            self._ledger.ripen(account, kind, entity, before)
        due: dict[bytes, None] = {}  # each once: a customer may have thousands
        while self._waiting and self._waiting[0][0] <= now:
            due[heappop(self._waiting)[1]] = None
        for key in due:
            self._admit(key)
        self._expire()

    def evaluate(self, now: int) -> Partial:
        """Give the sums at `now` (microseconds), or at the partition's own clock if that is later."""
        self.advance(now)
        return self._ledger.aggregates.evaluate(self.meta.now)

    def unsaid(self, limit: int) -> list[bytes]:
        """Give customers of whom there may be something to say, `limit` at most; none while absorbing."""
        return self._desk.next(self.meta.now, limit) if self.counting else []

    def say(self, key: bytes) -> list[Output]:
        """Give what is to be said of a customer and has not been.

        That it has been said is kept with their row: both belong into one transaction.
        """
        if key not in self._rows:
            return []
        account = self._accounts.peek(key)
        before = self._journal.note(key)
        speech = self._speaker.say(account, decode_said(before) if before else Said(), self.meta.now)
        self._journal.put_note(key, encode_said(speech.said) if speech.said else b"")
        for claim in speech.acted:
            fact = Fact("", claim)
            if not self._journal.log(((key, claim.id, encode(fact)),)):
                self._enter(account, fact)
        self._desk.remind(key, speech.until)
        return speech.outputs

    # What concerns other partitions' customers too, for `models.correspondence`.

    def take_outgoing(self) -> list[Letter]:
        """Give what is to be delivered to partitions, this one included, in this order, and forget it.

        It has come of what was taken, of the clock or of counting: it belongs into the same transaction.
        """
        outgoing = self._correspondence.outgoing
        self._correspondence.outgoing = []
        return outgoing

    def take_dropped(self) -> int:
        """Give how many facts of erased customers have come since it was last asked."""
        dropped, self._correspondence.dropped = self._correspondence.dropped, 0
        return dropped

    def rewound(self, rewind: int) -> None:
        """The inputs are read again, since `rewind` (milliseconds): a partition has lost its state.

        What others have told it is said again.
        """
        self.meta.rewind = rewind
        self.meta.turn = max(self.meta.turn, rewind * 1000)
        self._correspondence.repeat()
        if self.counting:
            self.meta.told = rewind

    @property
    def correspondence(self) -> Correspondence:
        """What concerns other partitions' customers too."""
        return self._correspondence

    @property
    def ledger(self) -> Ledger:
        """What changes the sums."""
        return self._ledger

    def is_known(self, time: int) -> bool:
        """Whether what is of a time (microseconds) is within the horizon."""
        return time >= self._since

    def account(self, key: bytes) -> Account:
        """Give a customer at work."""
        return self._accounts.get(key)

    def log_of(self, key: bytes) -> list[Fact]:
        """Give a customer's log."""
        return self._journal.read(key)

    def keep(self, key: bytes, statement: Fact) -> None:
        """Write a statement into a customer's log."""
        self._journal.keep(key, statement)

    def replace(self, key: bytes, facts: list[Fact]) -> None:
        """Put a log in the place of a customer's, and what it comes to in that of what they added."""
        if self.counting:
            self._ledger.expire(self._accounts.get(key), NEVER)
            self._desk.touch(key)
        self._held.pop(key, None)
        self._accounts.forget(key)
        self._journal.rewrite(key, facts)
        if self.counting and facts:
            self._restore(key)
            self._correspondence.tell(self.account(key))

    def waiting_to_name(self, identity: str) -> list[bytes]:
        """Give the customers with facts from later than the clock that name somebody."""
        return [key for key, held in self._held.items() if identity in mentioned(held)]

    def age(self, account: Account, time: int) -> None:
        """Look at a customer again when what is of a time (microseconds) leaves the horizon."""
        at = time // US_PER_HOUR
        if at < account.row.earliest:
            account.row.earliest = at
            self._oldest.setdefault(at, []).append(account.key)

    def touch(self, key: bytes) -> None:
        """Something has changed of a customer that others are told of."""
        self._desk.touch(key)

    def next_turn(self) -> int:
        """Give a number larger than any before."""
        self.meta.turn += 1
        return self.meta.turn

    def customers(self) -> list[bytes]:
        """Give the keys of all customers of whom there is a row."""
        return self._journal.customers()

    def facts(self, key: bytes) -> tuple[list[Fact], list[Fact]]:
        """Give a customer's facts: those known now, and those later than the clock; none of a stranger."""
        known = [fact for fact in self._known_facts(key) if fact.claim.time != LONG_AGO]
        return known, list(self._held.get(key, ()))

    def copy_of(self, key: bytes) -> Account:
        """Give a customer as known now, to be read by others."""
        return Account(key, Row(self._known_facts(key)))

    def drain(self) -> dict[bytes, bytes | None]:
        """Give the rows that changed since the last time; None in place of one that is no more."""
        changed = self._journal.drain()
        if self.meta != self._drained:
            self._drained = msgspec.structs.replace(self.meta)
            self._rows[META_KEY] = changed[META_KEY] = msgspec.msgpack.encode(self.meta)
        return changed

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a row of the changelog; None where it was deleted. `rebuild` makes it count.

        Raises:
            StateTooNew: it was written by a newer version.
        """
        if value is None:
            self._rows.pop(key, None)
            return
        if key == META_KEY:
            read_meta(value)
        self._rows[key] = value

    def resume(self, now: int) -> None:
        """Go on from the rows that were loaded, absorbing, at `now` or the clock they were left with.

        Raises:
            StateTooNew: they were written by a newer version.
        """
        saved = self._rows.get(META_KEY)
        self._begin(Meta() if saved is None else read_meta(saved), now)
        if saved is None:
            self._drained.version = 0  # written with the first drain: state lost is told from none yet
        self.counting = False

    def rebuild(self, now: int) -> None:
        """Do all of `resume` and `count`.

        Raises:
            StateTooNew: the rows were written by a newer version.
        """
        self.resume(now)
        for _ in self.count():
            pass

    def count(self) -> Iterator[None]:
        """Add up all rows, some customers at each step: from then on, facts are counted as they come.

        None may be taken before `counting`.
        """
        self._set_clock(self.meta.now)
        again = self.meta.told != self.meta.rewind
        owing: list[bytes] = []
        for number, key in enumerate(self.customers(), 1):
            account = self._restore(key)
            if account is not None and self._correspondence.owes(account, again=again):
                owing.append(key)
            if number % _SETTLED_AT_ONCE == 0:
                self._ledger.aggregates.settle(self.meta.now)
            yield
        self.counting = True
        # Not before: what is said is delivered between these steps, with what is written of it.
        for key in owing:
            self._correspondence.tell(self.account(key), again=again)
            yield
        self.meta.told = self.meta.rewind

    def _restore(self, key: bytes) -> Account | None:
        """Add up one customer; None: nothing counts of them."""
        facts = self._journal.read(key)
        if self.meta.latest > self.meta.now:
            facts = self._hold(key, facts)
        row = Row(facts)
        if row.earliest * US_PER_HOUR < self._since:
            facts = kept(facts, self._since)
            self._journal.rewrite(key, [*facts, *self._held.get(key, ())])
            row = Row(facts)
        if row.letters is not None or key in self._held:
            erased = self._correspondence.erased_of(self._journal.read(key))
            if erased:
                self._forget_names(key, erased)
                facts = without(facts, erased)
                row = Row(facts)
        if row.earliest == NEVER:
            return None
        account = Account(key, row)
        self._ledger.open(account)
        self._accounts.pack(account)
        self._oldest.setdefault(row.earliest, []).append(key)
        if row.letters is not None:
            self._correspondence.note_names(key, facts)
        return account

    def _forget_names(self, key: bytes, erased: set[str]) -> None:
        self._journal.rewrite(key, without(self._journal.read(key), erased))
        if key in self._held:
            self._held[key] = without(self._held[key], erased)

    def _hold(self, key: bytes, facts: list[Fact]) -> list[Fact]:
        """Give the facts that are known now, and hold those from later."""
        now = self.meta.now
        held = [fact for fact in facts if fact.time > now]
        if not held:
            return facts
        self._held[key] = held
        for fact in held:
            heappush(self._waiting, (fact.time, key))
        return [fact for fact in facts if fact.time <= now]

    def _known_facts(self, key: bytes) -> list[Fact]:
        facts = self._journal.read(key)
        held = self._held.get(key)
        if held is None:
            return facts
        ids = {fact.claim.id for fact in held}
        return [fact for fact in facts if fact.claim.id not in ids]

    def _know(self, key: bytes, account: Account, fact: Fact) -> None:
        self._enter(account, fact)
        self._desk.touch(key)
        if account.row.letters is not None:
            self._correspondence.follow(account, fact)

    def _enter(self, account: Account, fact: Fact) -> None:
        self.age(account, fact.claim.time)
        self._ledger.enter(account, fact)

    def _admit(self, key: bytes) -> None:
        """Let the facts be known for which the time has come."""
        held, now = self._held.get(key, []), self.meta.now
        account = self._accounts.get(key)
        waiting = [fact for fact in held if fact.time > now]
        if waiting:
            self._held[key] = waiting
        else:
            self._held.pop(key, None)
        for fact in held:
            if fact.time <= now:
                self._know(key, account, fact)

    def _expire(self) -> None:
        """Forget what has left the horizon."""
        since = known_since(hour(self.meta.now), self._definitions.horizon_days)
        if since == self._since:
            return
        gone = between(self._oldest, self._since // US_PER_HOUR, since // US_PER_HOUR)
        self._since = since
        for at in gone:
            for key in self._oldest.pop(at):
                account = self._accounts.get(key)
                if account.row.earliest == at:
                    self._forget(key, account)

    def _forget(self, key: bytes, account: Account) -> None:
        since = self._since
        self._ledger.expire(account, since)
        self._desk.touch(key)
        self._journal.rewrite(key, kept(self._journal.read(key), since))
        self._correspondence.tell(account)
        if account.row.earliest != NEVER:
            self._oldest.setdefault(account.row.earliest, []).append(key)
        elif key not in self._rows:
            self._accounts.forget(key)


def known_since(at: int, horizon_days: int) -> int:
    """Give the first instant, in microseconds, of the hours that are known at event hour `at`."""
    return (at - 24 * horizon_days + 1) * US_PER_HOUR
