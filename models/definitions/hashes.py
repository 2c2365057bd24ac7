"""Hashes of definitions, stored beside numbers, so that numbers by other definitions are not compared."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from models.definitions.definitions import Definitions

_HASH_BYTES: Final = 8


def definitions_hash(definitions: Definitions, names: Iterable[str], *others: object) -> str:
    """Return a hash of some definitions, as hexadecimal digits.

    Args:
        definitions: the shop's definitions.
        names: names of their attributes.
        others: anything else to hash that can be encoded as JSON.

    Example:
        >>> shorter = Definitions(horizon_days=730)
        >>> definitions_hash(shorter, ["tiers"]) == definitions_hash(Definitions(), ["tiers"])
        True
    """
    fields = {name: getattr(definitions, name) for name in names}
    content = msgspec.json.encode([fields, *others], order="deterministic")
    return blake2b(content, digest_size=_HASH_BYTES).hexdigest()
