"""Which identities are one customer: merges and erasures (docs/metrics.md, "Merged").

One partition keeps this registry for all of them. Each identity's own partition is told, by facts, what its
name is now (`Moved`) or that it is to be forgotten (`Forgotten`), and sends what it holds to where that
belongs. So the registry is the only place that knows a whole component, and what it says of one identity
has an order: `version`.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

#: Rows of the registry among a partition's: no customer's key begins so (see `models.pages`).
MERGE_KEY: Final = b"\xff\xfe"
ERASED_KEY: Final = b"\xff\xfd"
SECRET_KEY: Final = b"\xff\xfc"


class Merge(Struct, array_like=True, frozen=True, order=True):
    """`customer` was merged into `into`.

    Ordered as claims are: by time (microseconds), then event id.
    """

    time: int
    id: str
    customer: str
    into: str

    @property
    def key(self) -> bytes:
        """Its row's key: one of a customer and an event id."""
        return MERGE_KEY + msgspec.msgpack.encode((self.customer, self.id))


class Moved(Struct, array_like=True, frozen=True, tag=90):
    """An identity's name: the customer that it is one with, which may be itself."""

    identity: str
    to: str
    version: int


class Forgotten(Struct, array_like=True, frozen=True, tag=91):
    """An identity is erased."""

    identity: str


Notice = Moved | Forgotten


class Component:
    """Identities that are one customer, and the merges that made them so."""

    __slots__ = ("members", "merges")

    def __init__(self, identity: str) -> None:
        self.members = {identity}
        self.merges: list[Merge] = []

    @property
    def name(self) -> str:
        """The identity without a merge of its own; if none or several, what the last merge was into."""
        merged = {merge.customer for merge in self.merges}
        unmerged = self.members - merged
        if len(unmerged) == 1:
            return next(iter(unmerged))
        return max(self.merges).into


class Vault:
    """Who was erased, by keyed hash: nothing of them remains, and they are known when they come again.

    Args:
        rows: the partition's, where hashes and the key are kept.
        dirty: keys of rows that have changed, to be written.
    """

    def __init__(self, rows: dict[bytes, bytes], dirty: set[bytes]) -> None:
        self._rows = rows
        self._dirty = dirty
        self._any = any(key.startswith(ERASED_KEY) for key in rows)

    def __contains__(self, identity: str) -> bool:
        return self._any and self._hash(identity) in self._rows

    def add(self, identity: str) -> None:
        """Remember that `identity` is erased."""
        key = self._hash(identity)
        self._any = True
        self._rows[key] = b"\x01"
        self._dirty.add(key)

    def _hash(self, identity: str) -> bytes:
        secret = self._rows.get(SECRET_KEY)
        if secret is None:
            secret = self._rows[SECRET_KEY] = secrets.token_bytes(32)
            self._dirty.add(SECRET_KEY)
        return ERASED_KEY + hashlib.blake2b(identity.encode(), key=secret, digest_size=16).digest()


class Registry:
    """All merges and erasures. What it says depends on the set of them, not on their order.

    Args:
        rows: the partition's rows: merges are kept there, and erased identities as keyed hashes.
        dirty: keys of rows that have changed, to be written.
        version: larger than any that was given before.
    """

    def __init__(self, rows: dict[bytes, bytes], dirty: set[bytes], version: int) -> None:
        self._rows = rows
        self._dirty = dirty
        self._version = version
        self._erased = Vault(rows, dirty)
        self._components: dict[str, Component] = {}
        for key in [key for key in rows if key.startswith(MERGE_KEY)]:
            self._join(msgspec.msgpack.decode(rows[key], type=Merge))

    def merge(self, merge: Merge) -> list[Notice]:
        """Take a merge; say whose name has changed."""
        if merge.key in self._rows:
            return []
        ends = (merge.customer, merge.into)
        if any(end in self._erased for end in ends):
            return [notice for end in ends for notice in self.erase(end)]
        names = dict(self._names(ends))
        self._rows[merge.key] = msgspec.msgpack.encode(merge)
        self._dirty.add(merge.key)
        joined = self._join(merge)
        return [
            self._moved(identity, joined.name) for identity in sorted(names) if names[identity] != joined.name
        ]

    def erase(self, identity: str) -> list[Notice]:
        """Erase an identity, and all that are one with it."""
        component = self._components.get(identity)
        members = component.members if component else {identity}
        for merge in component.merges if component else ():
            self._rows.pop(merge.key, None)
            self._dirty.add(merge.key)
        forgotten = sorted(member for member in members if member not in self._erased)
        for member in forgotten:
            self._components.pop(member, None)
            self._erased.add(member)
        return [Forgotten(member) for member in forgotten]

    def everything(self) -> Iterator[Notice]:
        """Say again what every merged identity's name is: for partitions whose state was lost."""
        for identity, component in self._components.items():
            yield self._moved(identity, component.name)

    def _names(self, ends: Iterable[str]) -> Iterator[tuple[str, str]]:
        for end in ends:
            component = self._components.get(end)
            if component is None:
                yield end, end
            else:
                name = component.name
                yield from ((member, name) for member in component.members)

    def _join(self, merge: Merge) -> Component:
        first = self._components.get(merge.customer) or Component(merge.customer)
        second = self._components.get(merge.into) or Component(merge.into)
        if len(first.members) < len(second.members):
            first, second = second, first
        if first is not second:
            first.members |= second.members
            first.merges += second.merges
            for member in second.members:
                self._components[member] = first
        first.merges.append(merge)
        self._components.update(dict.fromkeys((merge.customer, merge.into), first))
        return first

    def _moved(self, identity: str, to: str) -> Moved:
        self._version += 1
        return Moved(identity, to, self._version)
