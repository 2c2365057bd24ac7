"""Observe the merges among the events of files, before they are sent."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from streams.backfill.events import TimeOf
from streams.backfill.files import Line
from streams.mapping.identity_joins import IdentityJoins

#: Part of every merge as JSON, which few other events have.
_MERGED: Final = b"customer.merged"


class _Merge(msgspec.Struct, tag_field="type", tag="customer.merged"):
    customer_id: str
    into: str


_MERGE: Final = msgspec.json.Decoder(_Merge)


class MergeObserver:
    """Collects the identities that the merges of files join.

    Attributes:
        joins: the identities.
    """

    def __init__(self) -> None:
        self.joins = IdentityJoins()

    def observing(self, time_of: TimeOf) -> TimeOf:
        """Return a function with the result of `time_of` that adds the merges among the events."""

        def observed(content: bytes) -> int | None:
            if _MERGED in content:
                self._observe(content)
            return time_of(content)

        return observed

    def watch(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the lines, and add the merges among them."""
        for line in lines:
            if _MERGED in line.content and line.rejection is None:
                self._observe(line.content)
            yield line

    def _observe(self, content: bytes) -> None:
        try:
            merge = _MERGE.decode(content)
        except (ValueError, RecursionError):  # another event, or an invalid one
            return
        self.joins.add(merge.customer_id, merge.into)
