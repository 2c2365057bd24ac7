"""The erased identities of a partition, as keyed hashes (docs/metrics.md, "Merged and erased")."""

import hashlib
import secrets
from collections.abc import MutableMapping
from typing import Final

#: Prefix of the keys of erased identities. No customer's key begins with it, see `models.facts.log_pages`.
ERASED_KEY: Final = b"\xff\xfc"
#: Key of the row that holds the hash's secret.
SECRET_KEY: Final = b"\xff\xfb"

Rows = MutableMapping[bytes, bytes]


class ErasedIds:
    """The set of erased identities.

    Only a keyed hash of each identity is stored: later events of it are recognised, and the id cannot be read
    back.

    Args:
        rows: the partition's rows, which hold the hashes and the secret.
        dirty: set of changed keys, to which changed rows are added.

    Attributes:
        holds_any: whether any identity was ever erased.
    """

    def __init__(self, rows: Rows, dirty: dict[bytes, None]) -> None:
        self._rows = rows
        self._dirty = dirty
        self.holds_any = SECRET_KEY in rows

    def __contains__(self, identity: str) -> bool:
        return self.holds_any and self._hash(identity) in self._rows

    def add(self, identity: str) -> None:
        """Record that an identity is erased."""
        if not self.holds_any:
            self._put(SECRET_KEY, secrets.token_bytes(32))
            self.holds_any = True
        self._put(self._hash(identity), b"\x01")

    def _hash(self, identity: str) -> bytes:
        secret = self._rows[SECRET_KEY]
        return ERASED_KEY + hashlib.blake2b(identity.encode(), key=secret, digest_size=16).digest()

    def _put(self, key: bytes, value: bytes) -> None:
        self._rows[key] = value
        self._dirty[key] = None
