"""The identities that were erased, as keyed hashes (docs/metrics.md, "Merged")."""

import hashlib
import secrets
from collections.abc import MutableMapping
from typing import Final

#: Rows among a partition's: no customer's key begins so (see `models.facts.log_pages`).
ERASED_KEY: Final = b"\xff\xfc"
SECRET_KEY: Final = b"\xff\xfb"

Rows = MutableMapping[bytes, bytes]


class ErasedIds:
    """Who was erased, by keyed hash: nothing of them remains, and they are known when they come again.

    Args:
        rows: the partition's, where hashes and the key are kept.
        touched: takes the keys of rows that have changed.
    """

    def __init__(self, rows: Rows, touched: dict[bytes, None]) -> None:
        self._rows = rows
        self._touched = touched
        self.holds_any = SECRET_KEY in rows

    def __contains__(self, identity: str) -> bool:
        return self.holds_any and self._hash(identity) in self._rows

    def add(self, identity: str) -> None:
        """Remember that an identity is erased."""
        if not self.holds_any:
            self._put(SECRET_KEY, secrets.token_bytes(32))
            self.holds_any = True
        self._put(self._hash(identity), b"\x01")

    def _hash(self, identity: str) -> bytes:
        secret = self._rows[SECRET_KEY]
        return ERASED_KEY + hashlib.blake2b(identity.encode(), key=secret, digest_size=16).digest()

    def _put(self, key: bytes, value: bytes) -> None:
        self._rows[key] = value
        self._touched[key] = None
