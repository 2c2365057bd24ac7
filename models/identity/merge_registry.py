"""The merge registry: which identities are one customer (docs/metrics.md, "Merged and erased").

The first partition keeps the registry for all partitions.
It sends each identity's partition the canonical id (`Redirected`), and all partitions the erased identities
(`IdentityErased`). Only the registry knows a whole component. The partitions apply its messages in their
order.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from models.facts.control import AnyControlFact, IdentityErased, Merge, Redirected
from models.facts.fact import Fact
from models.identity.erased_ids import ErasedIds, Rows
from models.identity.messages import Message

#: Prefix of the keys of merges. No customer's key begins with it, see `models.facts.log_pages`.
MERGE_KEY: Final = b"\xff\xfd"
#: Prefix of the keys of redirects: identity -> canonical id.
REDIRECT_KEY: Final = b"\xff\xfa"

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Merge).decode


class Component:
    """The identities of one customer, connected by merges.

    Attributes:
        latest: the latest merge by time, None without merges.
        members: all identities.
        merges: all merges between them.
        unmerged: identities that no merge has merged into another identity.
    """

    __slots__ = ("latest", "members", "merges", "unmerged")

    def __init__(self, identity: str) -> None:
        self.members = {identity}
        self.merges: list[Merge] = []
        self.unmerged = {identity}
        self.latest: Merge | None = None

    @property
    def canonical_id(self) -> str:
        """The one identity that was not merged into another; otherwise the target of the latest merge."""
        if len(self.unmerged) == 1 or self.latest is None:
            return next(iter(self.unmerged))
        return self.latest.into

    def add(self, merge: Merge) -> None:
        """Add a merge of two members."""
        self.merges.append(merge)
        self.unmerged.discard(merge.customer)
        if self.latest is None or _order(merge) > _order(self.latest):
            self.latest = merge

    def union(self, other: "Component") -> None:
        """Add another component's members and merges."""
        self.members |= other.members
        self.merges += other.merges
        self.unmerged |= other.unmerged
        if self.latest is None or (other.latest is not None and _order(other.latest) > _order(self.latest)):
            self.latest = other.latest


class MergeRegistry:
    """All merges of all partitions, and the components that they make.

    The components depend on the set of merges, not on the order of their arrival. A merge is never taken
    back: of two merges of one customer with one event id and different contents, both count.

    Args:
        rows: the partition's rows, which hold the merges.
        dirty: set of changed keys, to which changed rows are added.
        erased: the erased identities.
    """

    def __init__(self, rows: Rows, dirty: dict[bytes, None], erased: ErasedIds) -> None:
        self._rows = rows
        self._dirty = dirty
        self._erased = erased
        self._components: dict[str, Component] = {}
        for key in [key for key in rows if key.startswith(MERGE_KEY)]:
            self._connect(_decode(rows[key]))

    def merge(self, merge: Merge) -> list[Message]:
        """Apply a merge.

        Returns:
            Redirects for the identities whose canonical id has changed.
            If either identity is erased, the erasures of both.
        """
        key = self._free_key(merge)
        if key is None:
            return []
        ends = (merge.customer, merge.into)
        if any(end in self._erased for end in ends):
            return [message for end in ends for message in self.erase(end)]
        self._rows[key] = _encode(merge)
        self._dirty[key] = None
        return self._connect(merge)

    def erase(self, identity: str) -> list[Message]:
        """Erase an identity and all identities of its component.

        Returns:
            One erasure for each identity, addressed to all partitions.
        """
        component = self._components.get(identity) or Component(identity)
        for merge in component.merges:
            for key in _keys(merge):
                if self._rows.pop(key, None) is not None:
                    self._dirty[key] = None
        for member in component.members:
            self._components.pop(member, None)
            self._erased.add(member)  # immediately, as the next merge may come before the messages arrive
        return [_message(None, IdentityErased(identity=member)) for member in sorted(component.members)]

    def component(self, identity: str) -> Component | None:
        """Return the component of an identity; None if the identity was never merged."""
        return self._components.get(identity)

    def all_redirects(self) -> Iterator[Message]:
        """Yield the redirect of every merged identity, for partitions that have lost their state."""
        for component in {id(each): each for each in self._components.values()}.values():
            yield from _redirects(component.members, component.canonical_id)

    def _free_key(self, merge: Merge) -> bytes | None:
        """Return the key for a new merge, None if the merge is known."""
        for key in _keys(merge):
            row = self._rows.get(key)
            if row is None:
                return key
            if _decode(row) == merge:
                return None
        return None

    def _connect(self, merge: Merge) -> list[Message]:
        """Connect the components of a merge's two identities, and return the redirects that follow."""
        one = self._components.get(merge.customer) or Component(merge.customer)
        other = self._components.get(merge.into) or Component(merge.into)
        if len(one.members) < len(other.members):
            one, other = other, one
        before, other_before = one.canonical_id, other.canonical_id
        joined = set() if one is other else set(other.members)
        if joined:
            self._components.update(dict.fromkeys(joined, one))
            one.union(other)
        one.add(merge)
        self._components.update(dict.fromkeys((merge.customer, merge.into), one))
        canonical_id = one.canonical_id
        changed = joined if other_before != canonical_id else set()
        if before != canonical_id:
            changed = changed | (one.members - joined)
        return list(_redirects(changed, canonical_id))


def _redirects(members: set[str], canonical_id: str) -> Iterator[Message]:
    """Yield a component's redirects, that of the canonical id itself first.

    The canonical id may have been redirected before. Its partition must remove that redirect before facts of
    the other members arrive, or it would forward them again.
    """
    if canonical_id in members:
        yield _message(canonical_id, Redirected(to=canonical_id))
    for member in sorted(members - {canonical_id}):
        yield _message(member, Redirected(to=canonical_id))


def _message(to: str | None, claim: AnyControlFact) -> Message:
    return Message(to, Fact("", claim))


def _keys(merge: Merge) -> tuple[bytes, bytes]:
    """Return the keys that a merge's row may have: by its event, and by its content if that one is taken."""
    event = (merge.customer, merge.event)
    return MERGE_KEY + _encode(event), MERGE_KEY + _encode((*event, merge.at, merge.into))


def _order(merge: Merge) -> tuple[int, str, str, str]:
    """Return the sort key of merges. Event ids are unique within a customer only."""
    return merge.at, merge.event, merge.customer, merge.into
