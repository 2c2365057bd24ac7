"""One partition of the customers: their rows, what they add up to, and what the clock does to them.

The state is the rows. A row is decoded when a fact of its customer arrives, and encoded when it is drained;
the aggregates always hold the sum of all rows at `now`. What depends on an instant waits for it: a fact from
later than the clock in a heap, the oldest claim of each customer in the hour in which it leaves the horizon.
"""

from heapq import heappop, heappush
from typing import Final

import msgspec
from msgspec import Struct

from models import pages
from models.account import Account
from models.aggregates import Partial
from models.customer import NEVER, Row
from models.definitions import Definitions
from models.facts import Fact
from models.ledger import Ledger
from models.windows import US_PER_HOUR, between, hour

__all__ = ["STATE_VERSION", "Meta", "Partial", "Partition", "StateTooNew"]

#: Raised when rows change in a way that older code would misread.
STATE_VERSION: Final = 1
META_KEY: Final = b"\xff\xff"

#: Decoded customers kept in two generations of at most this many. One of them takes about 7 KB: more would
#: cost memory (a worker may have dozens of partitions), and decoding one again takes 5 us.
_GENERATION: Final = 400


class StateTooNew(RuntimeError):
    """The rows were written by a newer version, which this one would misread.

    Attributes:
        found: the rows' version.
        known: the newest that can be read.
    """

    def __init__(self, found: int, known: int = STATE_VERSION) -> None:
        super().__init__(
            f"the state has version {found}, and this release reads up to {known}:"
            " run the newer release again, or start again with `retention reset`"
        )
        self.found = found
        self.known = known


class Meta(Struct, array_like=True):
    """What a partition knows besides its customers; it has a row of its own.

    Attributes:
        version: of the state.
        now: the clock, which never goes back, microseconds.
        latest: the largest event time seen.
        rewind: how often the inputs have been read again from the start.
    """

    version: int = STATE_VERSION
    now: int = 0
    latest: int = 0
    rewind: int = 0


class Partition:
    """Customers, and the sums they make.

    Args:
        definitions: the parameters of the definitions.
        rows: key -> value, as in the changelog; used and changed in place. If any are given, or loaded later,
            `rebuild` comes before the rest.
    """

    def __init__(self, definitions: Definitions, rows: dict[bytes, bytes]) -> None:
        self._definitions = definitions
        self._rows = rows
        self._begin(Meta())

    def _begin(self, meta: Meta) -> None:
        self.meta = meta
        self._drained = msgspec.structs.replace(meta)
        self._ledger = Ledger(self._definitions, meta.now)
        self._young: dict[bytes, Account] = {}
        self._old: dict[bytes, Account] = {}
        self._dirty: dict[bytes, Account] = {}
        # (instant, customer) of facts later than the clock.
        self._waiting: list[tuple[int, bytes]] = []
        # Event hour of the oldest claim -> customers. An entry whose customer has an older one is ignored.
        self._oldest: dict[int, list[bytes]] = {}
        self._since = known_since(hour(meta.now), self._definitions.horizon_days)

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
        """Whether customers have changed since the last drain."""
        return bool(self._dirty) or self.meta.rewind != self._drained.rewind

    def apply(self, customer_id: str, fact: Fact, now: int) -> bool:
        """Take a fact; False if its event is known already.

        Args:
            customer_id: whom it is about.
            fact: what is to be known. One from beyond the horizon counts for nothing.
            now: facts later than this, and than the partition's own clock, wait for `advance`.
        """
        key = customer_id.encode()
        account = self._young.get(key)
        if account is None:
            account = self._load(key)
        claim = fact.claim
        time = claim.time
        if time > self.meta.latest:  # noqa: PLR1730 - max() takes as long as all of the rest up to here
            self.meta.latest = time
        if time < self._since:
            return True
        if not account.admits(claim.id):
            return False
        self._dirty[key] = account
        if time > now and time > self.meta.now:
            account.row.waiting.append(fact)
            heappush(self._waiting, (time, key))
        else:
            self._know(key, account, fact)
        return True

    def advance(self, now: int) -> None:
        """Let the clock go on to `now` (microseconds): facts become known, others leave the horizon."""
        if now <= self.meta.now:
            return
        before, self.meta.now = self.meta.now, now
        # First, while everything still stands as of `before`.
        for key, kind, entity in self._ledger.due(now):
            account = self._young.get(key) or self._load(key)
            if self._ledger.ripen(account, kind, entity, before):
                self._dirty[key] = account
        while self._waiting and self._waiting[0][0] <= now:
            _, key = heappop(self._waiting)
            self._admit(key, self._young.get(key) or self._load(key))
        self._expire()

    def evaluate(self, now: int) -> Partial:
        """Give the sums at `now` (microseconds), or at the partition's own clock if that is later."""
        self.advance(now)
        return self._ledger.aggregates.evaluate(self.meta.now)

    def drain(self) -> dict[bytes, bytes | None]:
        """Give the rows that changed since the last time; None in place of one that is no more."""
        changed: dict[bytes, bytes | None] = {}
        rows = self._rows
        for key, account in self._dirty.items():
            if account.row.is_empty():
                for page in pages.keys_of(key, account.row.pages):
                    if rows.pop(page, None) is not None:
                        changed[page] = None
                self._young.pop(key, None)
                self._old.pop(key, None)
                continue
            for page, value in pages.encode(key, account.row).items():
                if rows.get(page) != value:
                    rows[page] = changed[page] = value
        self._dirty = {}
        if self.meta != self._drained:
            self._drained = msgspec.structs.replace(self.meta)
            rows[META_KEY] = changed[META_KEY] = msgspec.msgpack.encode(self.meta)
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
            _meta(value)
        self._rows[key] = value

    def rebuild(self, now: int) -> None:
        """Add up all rows, at `now` (microseconds) or the clock they were left with, if that is later.

        Raises:
            StateTooNew: they were written by a newer version.
        """
        saved = self._rows.get(META_KEY)
        self._begin(Meta() if saved is None else _meta(saved))
        if saved is None:
            self._drained.version = 0  # written with the first drain: state lost is told from none yet
        self.meta.now = max(self.meta.now, now)
        self._ledger = Ledger(self._definitions, self.meta.now)
        self._since = known_since(hour(self.meta.now), self._definitions.horizon_days)
        for key in [key for key in self._rows if not pages.is_page(key)]:
            self._restore(key)

    def _restore(self, key: bytes) -> None:
        account = self._account(key)
        row = account.row
        if self._ledger.open(account):
            self._dirty[key] = account
        if row.waiting:
            self._admit(key, account)
            for fact in row.waiting:
                heappush(self._waiting, (fact.time, key))
        if row.earliest * US_PER_HOUR < self._since:
            self._forget(key, account)
        elif row.earliest != NEVER:
            self._oldest.setdefault(row.earliest, []).append(key)

    def _load(self, key: bytes) -> Account:
        account = self._old.get(key) or self._dirty.get(key)
        if account is None:
            account = self._account(key) if key in self._rows else Account(key, Row())
        if len(self._young) >= _GENERATION:
            self._old, self._young = self._young, {}
        self._young[key] = account
        return account

    def _account(self, key: bytes) -> Account:
        row = pages.decode(key, self._rows)
        account = Account(key, row, self._rows[key])
        if row.pages > 1:
            account.recount()
        return account

    def _know(self, key: bytes, account: Account, fact: Fact) -> None:
        at = fact.claim.time // US_PER_HOUR
        if at < account.row.earliest:
            account.row.earliest = at
            self._oldest.setdefault(at, []).append(key)
        self._ledger.enter(account, fact)

    def _admit(self, key: bytes, account: Account) -> None:
        """Let the facts be known for which the time has come."""
        row, now = account.row, self.meta.now
        facts, row.waiting = row.waiting, [fact for fact in row.waiting if fact.time > now]
        if len(row.waiting) == len(facts):
            return
        self._dirty[key] = account
        for fact in facts:
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
                account = self._young.get(key) or self._load(key)
                if account.row.earliest == at:
                    self._forget(key, account)

    def _forget(self, key: bytes, account: Account) -> None:
        self._dirty[key] = account
        self._ledger.expire(account, self._since)
        if account.row.earliest != NEVER:
            self._oldest.setdefault(account.row.earliest, []).append(key)


def known_since(at: int, horizon_days: int) -> int:
    """Give the first instant, in microseconds, of the hours that are known at event hour `at`."""
    return (at - 24 * horizon_days + 1) * US_PER_HOUR


def _meta(value: bytes) -> Meta:
    version = msgspec.msgpack.decode(value)[0]
    if version > STATE_VERSION:
        raise StateTooNew(version)
    return msgspec.msgpack.decode(value, type=Meta)
