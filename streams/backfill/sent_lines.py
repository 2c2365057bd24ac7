"""Find the order lines of a load that do not count because of their currency, in bounded memory.

A load keeps 16 bytes of each line: hashes of its order and of its currency. If an order has lines in two
currencies, the events are read again, and its lines are checked as a worker checks them.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from models.contract.decoding import EventError, decode
from models.definitions.definitions import Definitions
from models.entities.line_currencies import LineCurrencies
from streams.backfill.hashed_pairs import HashedPairs
from streams.backfill.order import Timed

#: Part of the type of every event that places an order or a line, and of few others.
_PLACED: Final = b"placed"
_LINE: Final = "order.line_placed"


class _Head(msgspec.Struct):
    customer_id: str
    order_id: str
    currency: str
    type: str


_HEAD: Final = msgspec.json.Decoder(_Head)


class SentLines:
    """The orders and currencies of the lines that were sent."""

    def __init__(self) -> None:
        self._currencies = HashedPairs()

    def add(self, content: bytes) -> None:
        """Add an event, as JSON. Events of other types are ignored."""
        head = _head(content) if _PLACED in content else None
        if head is not None and head.type == _LINE:
            self._currencies.add((head.customer_id, head.order_id), head.currency)

    def left_out(self, events: Iterable[Timed], definitions: Definitions) -> list[str]:
        """Return the ids of the lines that do not count because their order has another currency.

        Args:
            events: the events again; they are read only if an order has lines in several currencies.
            definitions: the definitions.
        """
        suspects = self._currencies.ambiguous()
        found = LineCurrencies(definitions)
        for event in events if suspects else ():
            head = _head(event.content) if _PLACED in event.content else None
            if head is not None and hash((head.customer_id, head.order_id)) in suspects:
                try:
                    found.add(decode("orders", event.content))
                except EventError:  # a worker rejects it
                    continue
        return found.left_out()


def _head(content: bytes) -> _Head | None:
    try:
        return _HEAD.decode(content)
    except (ValueError, RecursionError):
        return None
