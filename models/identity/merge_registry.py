"""Which identities are one customer: merges and erasures (docs/metrics.md, "Merged").

One partition keeps this registry for all of them: the first. Each identity's own partition is told what its
name is now (`Redirected`), and all are told who is to be forgotten (`IdentityErased`). So the registry is the only
place that knows a whole component; the others act on what it says, in its order.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from models.facts.control import AnyControlFact, IdentityErased, Merge, Redirected
from models.facts.fact import Fact
from models.identity.erased_ids import ErasedIds, Rows
from models.identity.messages import Message

#: Rows among a partition's: no customer's key begins so (see `models.facts.log_pages`).
MERGE_KEY: Final = b"\xff\xfd"
REDIRECT_KEY: Final = b"\xff\xfa"

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Merge).decode


class Component:
    """Identities that are one customer, and the merges that made them so."""

    __slots__ = ("latest", "members", "merges", "unmerged")

    def __init__(self, identity: str) -> None:
        self.members = {identity}
        self.merges: list[Merge] = []
        self.unmerged = {identity}  #: without a merge of their own
        self.latest: Merge | None = None

    @property
    def name(self) -> str:
        """The identity without a merge of its own; if none or several, what the last merge was into."""
        if len(self.unmerged) == 1 or self.latest is None:
            return next(iter(self.unmerged))
        return self.latest.into

    def add(self, merge: Merge) -> None:
        """Take a merge of two of the members."""
        self.merges.append(merge)
        self.unmerged.discard(merge.customer)
        if self.latest is None or _order(merge) > _order(self.latest):
            self.latest = merge

    def take(self, other: "Component") -> None:
        """Take another component's members and merges."""
        self.members |= other.members
        self.merges += other.merges
        self.unmerged |= other.unmerged
        if self.latest is None or (other.latest is not None and _order(other.latest) > _order(self.latest)):
            self.latest = other.latest


class MergeRegistry:
    """All merges, and what follows from them. It depends on their set, not on their order.

    Args:
        rows: the partition's, where merges are kept.
        touched: takes the keys of rows that have changed.
        vault: who was erased.
    """

    def __init__(self, rows: Rows, touched: dict[bytes, None], vault: ErasedIds) -> None:
        self._rows = rows
        self._touched = touched
        self._vault = vault
        self._components: dict[str, Component] = {}
        for key in [key for key in rows if key.startswith(MERGE_KEY)]:
            self._join(_decode(rows[key]))

    def merge(self, merge: Merge) -> list[Message]:
        """Take a merge; say whose name has changed."""
        key = _key(merge)
        if key in self._rows:
            return []
        ends = (merge.customer, merge.into)
        if any(end in self._vault for end in ends):
            return [letter for end in ends for letter in self.erase(end)]
        self._rows[key] = _encode(merge)
        self._touched[key] = None
        return self._join(merge)

    def erase(self, identity: str) -> list[Message]:
        """Erase an identity, and all that are one with it."""
        component = self._components.get(identity) or Component(identity)
        for merge in component.merges:
            self._rows.pop(_key(merge), None)
            self._touched[_key(merge)] = None
        for member in component.members:
            self._components.pop(member, None)
            self._vault.add(member)  # at once: the next merge may come before the letters arrive
        return [_letter(None, IdentityErased(identity=member)) for member in sorted(component.members)]

    def component(self, identity: str) -> Component | None:
        """Give what an identity is part of; None: it was never merged."""
        return self._components.get(identity)

    def everything(self) -> Iterator[Message]:
        """Say again what every merged identity's name is: to partitions whose state was lost."""
        for component in {id(each): each for each in self._components.values()}.values():
            yield from _moves(component.members, component.name)

    def _join(self, merge: Merge) -> list[Message]:
        """Make one component of a merge's ends, and say whose name has changed."""
        one = self._components.get(merge.customer) or Component(merge.customer)
        other = self._components.get(merge.into) or Component(merge.into)
        if len(one.members) < len(other.members):
            one, other = other, one
        names = one.name, other.name
        late = set() if one is other else set(other.members)
        if late:
            self._components.update(dict.fromkeys(late, one))
            one.take(other)
        one.add(merge)
        self._components.update(dict.fromkeys((merge.customer, merge.into), one))
        name = one.name
        changed = late if names[1] != name else set()
        if names[0] != name:
            changed = changed | (one.members - late)
        return list(_moves(changed, name))


def _moves(members: set[str], name: str) -> Iterator[Message]:
    """Say a component's name: first to itself, so that nobody is sent to who would be sent away again."""
    if name in members:
        yield _letter(name, Redirected(to=name))
    for member in sorted(members - {name}):
        yield _letter(member, Redirected(to=name))


def _letter(to: str | None, statement: AnyControlFact) -> Message:
    return Message(to, Fact("", statement))


def _key(merge: Merge) -> bytes:
    """Give the key of a merge's row: one of a customer and an event id."""
    return MERGE_KEY + _encode((merge.customer, merge.event))


def _order(merge: Merge) -> tuple[int, str, str, str]:
    return merge.at, merge.event, merge.customer, merge.into  # ids are unique within a customer
