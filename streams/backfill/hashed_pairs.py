"""Find the keys that occur with different values, in 16 bytes for each pair."""

from array import array
from collections.abc import Hashable

import numpy as np


class HashedPairs:
    """Hashes of pairs of a key and a value.

    Example:
        >>> pairs = HashedPairs()
        >>> for key, value in (("a", 1), ("b", 1), ("a", 2), ("b", 1)):
        ...     pairs.add(key, value)
        >>> suspects = pairs.ambiguous()
        >>> hash("a") in suspects, hash("b") in suspects
        (True, False)
    """

    def __init__(self) -> None:
        self._keys = array("q")
        self._values = array("q")

    def add(self, key: Hashable, value: Hashable) -> None:
        """Add a pair."""
        self._keys.append(hash(key))
        self._values.append(hash(value))

    def ambiguous(self) -> set[int]:
        """Return the hashes of the keys with different values. Two keys may have one hash."""
        keys, values = (np.frombuffer(each, np.int64) for each in (self._keys, self._values))
        if not len(keys):
            return set()
        order = np.lexsort((values, keys))
        keys, values = keys[order], values[order]
        differs = (keys[1:] == keys[:-1]) & (values[1:] != values[:-1])
        return set(keys[1:][differs].tolist())
