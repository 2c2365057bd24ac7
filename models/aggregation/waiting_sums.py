"""One running sum per group and column, of deltas that each count from a slot on.

A delta that is not due yet waits, added to the others of its group, column and slot. So a group costs 12
bytes for each slot in which one of its sums changes, and nothing for the others. Measured for a variant of an
experiment, with four windows and five orders of each customer: 48 bytes for one customer, 6 KB for 100, 50 KB
for 1,000, 390 KB for 100,000. A table of all slots takes 560 KB, for one customer as for all.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.aggregation.window_sums import Ints

#: A key is one integer, `slot x 2^32 + cell`, so that keys are sorted by slot.
_SHIFT: Final = 32
_MASK: Final = (1 << _SHIFT) - 1
#: Before any slot.
_NEVER: Final = -(1 << 30)
#: New deltas are merged into the waiting ones when they are half as many, and more than this.
_FEW_DELTAS: Final = 4_096
#: Number of moved groups after which their numbers are used again.
_FEW_GROUPS: Final = 64


class WaitingSums:
    """Sums by group and column, which grow and shrink as deltas become due.

    Args:
        columns: number of sums of a group.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._at = _NEVER
        self._sums: Ints = np.zeros((_FEW_GROUPS, columns), np.int64)
        self._groups = 0
        # Groups that were moved since the last merge, with their targets, and the first of them whose sums
        # are not moved yet.
        self._forwarded: list[tuple[int, int]] = []
        self._first_pending = 0
        self._moved_to: Ints = np.arange(_FEW_GROUPS)
        self._free: list[int] = []
        # Waiting deltas, sorted by key, and those added since.
        self._keys: Ints = np.empty(0, np.int64)
        self._weights: NDArray[np.int32] = np.empty(0, np.int32)
        self._new: list[tuple[Ints, Ints]] = []

    @property
    def waiting(self) -> int:
        """Number of deltas that are not due yet. Each takes 12 bytes, until it is merged 16."""
        return len(self._keys) + sum(len(keys) for keys, _ in self._new)

    def new_group(self) -> int:
        """Return a group whose sums are 0."""
        if self._free:
            return self._free.pop()
        self._groups += 1
        if self._groups > len(self._sums):
            self._sums = np.pad(self._sums, ((0, len(self._sums)), (0, 0)))
            self._moved_to = np.append(self._moved_to, np.arange(len(self._moved_to), len(self._sums)))
        return self._groups - 1

    def move(self, group: int, target: int) -> None:
        """Add the sums and waiting deltas of a group to another one. The group then no longer exists."""
        self._forwarded.append((group, target))

    def _forward_sums(self) -> None:
        """Move the sums of all groups at once: a producer may send thousands of names of decreasing order."""
        if self._first_pending == len(self._forwarded):
            return
        moved_to = list(range(len(self._sums)))
        for group, target in reversed(self._forwarded):
            moved_to[group] = moved_to[target]
        self._moved_to = np.array(moved_to, np.int64)
        groups = np.array([group for group, _ in self._forwarded[self._first_pending :]], np.int64)
        np.add.at(self._sums, self._moved_to[groups], self._sums[groups])
        self._sums[groups] = 0
        self._first_pending = len(self._forwarded)

    def add(self, groups: Ints, column: int, slots: Ints, weights: Ints) -> None:
        """Add deltas to a column.

        Args:
            groups: group of each delta; also one that was moved since the last call of `settle`.
            column: the column.
            slots: slot from which on each delta counts.
            weights: the deltas.
        """
        self._forward_sums()
        cells = groups * self._columns + column
        due = slots <= self._at
        self._apply(cells[due], weights[due])
        if not due.all():
            self._new.append(((slots[~due] << _SHIFT) + cells[~due], weights[~due]))

    def advance_to(self, slot: int) -> None:
        """Move the present slot forward, and add the deltas that are due by then."""
        if slot <= self._at:
            return
        self._forward_sums()
        self._at, end = slot, (slot + 1) << _SHIFT
        due = int(np.searchsorted(self._keys, end))
        self._apply(self._keys[:due] & _MASK, self._weights[:due])
        self._keys, self._weights = self._keys[due:], self._weights[due:]
        new, self._new = self._new, []
        for keys, weights in new:
            chosen = keys < end
            self._apply(keys[chosen] & _MASK, weights[chosen])
            if not chosen.all():
                self._new.append((keys[~chosen], weights[~chosen]))

    def settle(self) -> None:
        """Merge new deltas into the waiting ones if they are many. Moved groups are free after that.

        Call it when no deltas of moved groups are buffered any more.
        """
        new = sum(len(keys) for keys, _ in self._new)
        if new > _FEW_DELTAS + len(self._keys) // 2 or len(self._forwarded) > _FEW_GROUPS:
            self._merge()

    def sums(self, group: int) -> list[int]:
        """Return the sums of a group, by column."""
        self._forward_sums()
        return self._sums[group].tolist()  # type: ignore[no-any-return]

    def _apply(self, cells: Ints, weights: NDArray[np.int64] | NDArray[np.int32]) -> None:
        np.add.at(self._sums.reshape(-1, copy=False), self._present(cells), weights)

    def _present(self, cells: Ints) -> Ints:
        """Return the cells, with those of moved groups replaced by the cells of their targets."""
        if not self._forwarded:
            return cells
        groups, columns = np.divmod(cells, self._columns)
        present: Ints = self._moved_to[groups] * self._columns + columns
        return present

    def _merge(self) -> None:
        self._forward_sums()
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._new)])
        weights = np.concatenate([self._weights, *(weights for _, weights in self._new)])
        keys = (keys & ~_MASK) + self._present(keys & _MASK)
        order = np.argsort(keys, kind="stable")  # fast, since nearly all of them are sorted
        keys, weights = keys[order], weights[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
        sums = np.add.reduceat(weights, starts, dtype=np.int64) if starts.size else weights
        some = sums != 0
        self._keys, self._weights = keys[starts][some], sums[some].astype(np.int32)
        self._new.clear()
        self._free += [group for group, _ in self._forwarded]
        self._forwarded.clear()
        self._first_pending = 0
