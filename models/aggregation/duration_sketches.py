"""Quantiles of durations in sliding windows, from log-spaced buckets that merge and can retract a value.

A duration is counted in the bucket whose middle is within 1 % of it (as in DDSketch, Masson et al. 2019).
The windows are rings of slots, as in `models.aggregation.window_sums`.
"""

from array import array
from collections.abc import Sequence
from math import log
from typing import TYPE_CHECKING, Final

import numpy as np

from models.aggregation.window_sums import Ints, by_slot
from models.definitions.windows import between

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A little below the promised 1 %, because the logarithm at a bucket's edge is a floating-point number.
_PRECISION: Final = 0.0099
_GAMMA: Final = (1 + _PRECISION) / (1 - _PRECISION)
_LONGEST_US: Final = 10 * 366 * 86_400 * 1_000_000
#: Bucket 0 is for zero; the last one for ten years, beyond any horizon.
BUCKETS: Final = int(log(_LONGEST_US) / log(_GAMMA)) + 3


def bucket_of(durations: Ints) -> Ints:
    """Return the bucket of each duration. Durations are in microseconds, at least 0."""
    logs = np.log(np.maximum(durations, 1)) / log(_GAMMA)
    buckets: Ints = np.where(durations > 0, np.ceil(logs).astype(np.int64) + 1, 0)
    return np.minimum(buckets, BUCKETS - 1)


def middle_of(bucket: int) -> float:
    """Return the duration, in microseconds, that is within 1 % of all durations of a bucket."""
    return 0.0 if bucket == 0 else 2 * _GAMMA ** (bucket - 1) / (1 + _GAMMA)


class Sketches:
    """Bucket counts per window, for a fixed number of series.

    Args:
        lengths: lengths of the windows in slots, ascending.
        series: number of series.

    Attributes:
        rings: counts by ring, [windows, series x BUCKETS].
    """

    def __init__(self, lengths: Sequence[int], series: int) -> None:
        self._lengths = list(lengths)
        self._at: int | None = None
        self.rings: NDArray[np.int32] = np.zeros((len(lengths), series * BUCKETS), np.int32)
        # Slot -> its keys, series x BUCKETS + bucket. The complement of a key is one that is retracted.
        self._slots: dict[int, array[int]] = {}

    def advance_to(self, slot: int) -> None:
        """Move the present slot forward, and the slots that leave a window to the next ring."""
        at = self._at
        self._at = slot
        if at is None or slot == at:
            return
        for ring, length in enumerate(self._lengths):
            last = ring + 1 == len(self._lengths)
            for leaving in between(self._slots, at - length + 1, slot - length + 1):
                keys = self._slots.pop(leaving) if last else self._slots[leaving]
                self._count(ring, keys, -1)
                if not last:
                    self._count(ring + 1, keys, 1)

    def add(self, keys: Ints, slots: Ints, signs: Ints) -> None:
        """Count or retract keys at slots that are not later than the present one.

        Args:
            keys: series x BUCKETS + bucket.
            slots: slot of each key.
            signs: 1 to count the key, -1 to retract it.
        """
        rings = np.searchsorted(self._lengths, (self._at or 0) - slots, side="right")
        recent = rings < len(self._lengths)
        keys, slots, signs, rings = keys[recent], slots[recent], signs[recent], rings[recent]
        if not keys.size:
            return
        np.add.at(
            self.rings.reshape(-1, copy=False), rings * self.rings.shape[1] + keys, signs.astype(np.int32)
        )
        signed = np.where(signs > 0, keys, ~keys)
        for slot, chosen in by_slot(slots):
            self._slots.setdefault(slot, array("q")).frombytes(signed[chosen].tobytes())

    def _count(self, ring: int, keys: "array[int]", sign: int) -> None:
        signed = np.frombuffer(keys, np.int64)
        signs = np.where(signed >= 0, np.int32(sign), np.int32(-sign))
        np.add.at(self.rings[ring], np.where(signed >= 0, signed, ~signed), signs)
