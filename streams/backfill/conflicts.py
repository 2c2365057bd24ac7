"""Find the conflicting duplicates of a load in bounded memory: events with one id and different contents.

A load keeps 16 bytes of each event: hashes of its id and of its bytes. Only if two events of one id have
different bytes, the events are read again, and those are compared as a worker compares them.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.conflicts import Conflicts
from models.facts.event_conflicts import EventConflicts
from streams.backfill.hashed_pairs import HashedPairs
from streams.backfill.order import Timed


class _Head(msgspec.Struct):
    id: str
    customer_id: str
    type: str


_HEAD: Final = msgspec.json.Decoder(_Head)


class SentEvents:
    """The hashes of the events that were sent."""

    def __init__(self) -> None:
        self._contents = HashedPairs()

    def add(self, customer_id: str, event_id: str, content: bytes) -> None:
        """Add an event.

        Args:
            customer_id: id of its customer.
            event_id: its id.
            content: the event as JSON.
        """
        self._contents.add((customer_id, event_id), content)

    def conflicts(self, events: Iterable[Timed], definitions: Definitions) -> Conflicts:
        """Return the conflicting duplicates.

        Args:
            events: the events again; they are read only if ids occur with different bytes.
            definitions: the definitions.
        """
        suspects = self._contents.ambiguous()
        found = EventConflicts(definitions)
        for event in events if suspects else ():
            try:
                head = _HEAD.decode(event.content)
                if hash((head.customer_id, head.id)) in suspects:
                    found.add(decode(KINDS[head.type], event.content))
            except (ValueError, KeyError, RecursionError, EventError):  # a worker rejects it
                continue
        return found.found
