"""Sums per series and slot, and their sums over sliding windows.

A slot is an event hour or an event minute. Slots are grouped in rings by age: ring k holds the slots within
the k-th window and outside the one before, the last ring holds all that are older.

    slot       now-23h ................ now-1h  now
    window 1h                                   ###     ring 0
    window 24h ####################################     ring 0 + ring 1
    everything                                          ring 0 + ring 1 + ring 2

The sum of a window is the sum of the rings up to its own. Time moves a few columns from ring to ring, so
that the cost of an evaluation does not grow with the number of customers.
"""

from array import array
from collections.abc import Sequence
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from models.definitions.windows import between

Ints = NDArray[np.int64]

#: A cell is one integer, `series + slot`. A series is a multiple of 2^32, shifted so that slots may be
#: negative.
_SHIFT: Final = 32
_OFFSET: Final = 1 << 31
_MASK: Final = (1 << _SHIFT) - 1


def series_at(index: int) -> int:
    """Return the series in row `index` of a table. The series plus a slot is a cell."""
    return (index << _SHIFT) + _OFFSET


def split(cells: Ints) -> tuple[Ints, Ints]:
    """Return the rows and the slots of cells."""
    return cells >> _SHIFT, (cells & _MASK) - _OFFSET


class WindowSums:
    """One number per series and slot, and its sum per window.

    Args:
        lengths: lengths of the windows in slots, ascending.
        dtype: type of a number. Sums have 64 bits.
    """

    def __init__(self, lengths: Sequence[int], dtype: DTypeLike = np.int64) -> None:
        self._lengths = np.array(lengths, np.int64)
        self._width = int(lengths[-1])
        self._at: int | None = None
        # A ring buffer of columns.
        self._data: NDArray[Any] = _zeros(64, self._width, np.dtype(dtype))
        self._rings: Ints = np.zeros((len(lengths) + 1, 64), np.int64)

    def advance_to(self, slot: int) -> None:
        """Move the present slot forward, and the slots that leave a window to the next ring."""
        at = self._at
        if at is None or slot == at:
            self._at = slot
            return
        for ring, length in enumerate(self._lengths.tolist()):
            first = max(at - length, at - self._width) + 1
            leaving = np.arange(first, min(slot - length, at) + 1) % self._width
            if leaving.size:
                moved = self._data[:, leaving].sum(axis=1, dtype=np.int64)
                self._rings[ring] -= moved
                self._rings[ring + 1] += moved
        reused = np.arange(at + 1, min(slot, at + self._width) + 1) % self._width
        if self._data[:, reused].any():  # writing zeros over zeros would take memory
            self._data[:, reused] = 0
        self._at = slot

    def add(self, rows: Ints, slots: Ints, weights: Ints) -> None:
        """Add weights at slots that are not later than the present one.

        Args:
            rows: row of each weight.
            slots: slot of each weight.
            weights: the weights.
        """
        if not rows.size:
            return
        self.reserve(int(rows.max()) + 1)
        rings = np.searchsorted(self._lengths, (self._at or 0) - slots, side="right")
        # By one index: numpy takes twice as long with two.
        np.add.at(self._rings.reshape(-1, copy=False), rings * self._rings.shape[1] + rows, weights)
        recent = rings < len(self._lengths)
        np.add.at(
            self._data.reshape(-1, copy=False),
            rows[recent] * self._width + slots[recent] % self._width,
            weights[recent].astype(self._data.dtype),
        )

    def windows(self, rows: int) -> Ints:
        """Return the sums of the first `rows` series: [windows and everything, rows]."""
        self.reserve(rows)
        result: Ints = np.cumsum(self._rings[:, :rows], axis=0)
        return result

    def reserve(self, rows: int) -> None:
        """Grow to hold at least `rows` series."""
        held = len(self._data)
        if rows <= held:
            return
        data = _zeros(max(rows, 2 * held), self._width, self._data.dtype)
        for old, new in zip(self._data, data, strict=False):
            filled = np.flatnonzero(old)  # copying zeros would take memory: 70 KB for each series
            new[filled] = old[filled]
        self._rings = np.pad(self._rings, ((0, 0), (0, len(data) - held)))
        self._data = data


def _zeros(rows: int, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a table of zeros that takes no memory where nothing is ever written.

    The system allocates a page of private memory when it is written. Pages that are only read share one page
    of zeros. This is not so for shared memory. `np.zeros` may reuse freed memory and clear it: 27 ms and
    30 MB a partition.
    """
    memory = mmap(-1, rows * width * dtype.itemsize, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    return np.frombuffer(memory, dtype).reshape(rows, width)


class DeltaBuffer:
    """Weights on their way into a table: appended one by one, drained together once their slot has begun.

    Attributes:
        plus: cells of weight 1.
        minus: cells of weight -1.
        cells: cells of any other weight.
        weights: the weights of `cells`.
    """

    def __init__(self) -> None:
        self.plus = array("q")
        self.minus = array("q")
        self.cells = array("q")
        self.weights = array("q")
        # Slot -> cells and weights of a slot that has not begun.
        self._later: dict[int, tuple[array[int], array[int]]] = {}
        self._drained: int | None = None

    def cells_of_weight(self, sign: int) -> "array[int]":
        """Return the buffer to append cells of weight 1 or -1 to."""
        return self.plus if sign > 0 else self.minus

    def drain(self, slot: int) -> tuple[Ints, Ints, Ints]:
        """Remove and return the rows, slots and weights up to `slot`. Later ones stay in the buffer."""
        plus, minus = _ints(self.plus), _ints(self.minus)
        cells = np.concatenate([plus, minus, _ints(self.cells)])
        weights = np.concatenate([np.ones_like(plus), -np.ones_like(minus), _ints(self.weights)])
        self.plus, self.minus, self.cells, self.weights = array("q"), array("q"), array("q"), array("q")
        _, slots = split(cells)
        self._defer(cells[slots > slot], weights[slots > slot], slots[slots > slot])
        due = [self._later.pop(at) for at in between(self._later, *self._new_slots(slot))]
        self._drained = slot
        begun = slots <= slot
        cells = np.concatenate([cells[begun], *(_ints(cells) for cells, _ in due)])
        weights = np.concatenate([weights[begun], *(_ints(weights) for _, weights in due)])
        return *split(cells), weights

    def _defer(self, cells: Ints, weights: Ints, slots: Ints) -> None:
        for slot, chosen in by_slot(slots):
            later = self._later.setdefault(slot, (array("q"), array("q")))
            later[0].frombytes(cells[chosen].tobytes())
            later[1].frombytes(weights[chosen].tobytes())

    def _new_slots(self, slot: int) -> tuple[int, int]:
        """Return the slots that have begun since the last call of `drain`, as [first, end)."""
        first = min(self._later, default=slot + 1) if self._drained is None else self._drained + 1
        return first, slot + 1


def by_slot(slots: Ints) -> list[tuple[int, Ints]]:
    """Return each slot that occurs, ascending, with the indices at which it occurs."""
    if not slots.size:
        return []
    order = np.argsort(slots, kind="stable")
    found = slots[order]
    starts = np.flatnonzero(np.diff(found, prepend=found[0] - 1))
    return list(zip(found[starts].tolist(), np.split(order, starts[1:]), strict=True))


def _ints(values: "array[int]") -> Ints:
    return np.frombuffer(values, np.int64) if values else np.empty(0, np.int64)
