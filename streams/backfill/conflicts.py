"""Find the conflicting duplicates of a load in bounded memory: events with one id and different contents.

A load keeps 16 bytes of each event: hashes of its id and of its bytes. Only if two events of one id have
different bytes, the events are read again, and those are compared as a worker compares them.
"""

from array import array
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.conflicts import Conflicts
from models.facts.event_conflicts import EventConflicts
from streams.backfill.order import Timed


class _Head(msgspec.Struct):
    id: str
    customer_id: str
    type: str


_HEAD: Final = msgspec.json.Decoder(_Head)


class SentEvents:
    """The hashes of the events that were sent."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._contents = array("q")

    def add(self, customer_id: str, event_id: str, content: bytes) -> None:
        """Add an event.

        Args:
            customer_id: id of its customer.
            event_id: its id.
            content: the event as JSON.
        """
        self._ids.append(hash((customer_id, event_id)))
        self._contents.append(hash(content))

    def conflicts(self, events: Iterable[Timed], definitions: Definitions) -> Conflicts:
        """Return the conflicting duplicates.

        Args:
            events: the events again; they are read only if ids occur with different bytes.
            definitions: the definitions.
        """
        suspects = self._suspects()
        found = EventConflicts(definitions)
        for event in events if suspects else ():
            try:
                head = _HEAD.decode(event.content)
                if hash((head.customer_id, head.id)) in suspects:
                    found.add(decode(KINDS[head.type], event.content))
            except (ValueError, KeyError, RecursionError, EventError):  # a worker rejects it
                continue
        return found.found

    def _suspects(self) -> set[int]:
        """Return the hashes of the ids that occur with different contents."""
        ids, contents = (np.frombuffer(each, np.int64) for each in (self._ids, self._contents))
        if not len(ids):
            return set()
        order = np.lexsort((contents, ids))
        ids, contents = ids[order], contents[order]
        differs = (ids[1:] == ids[:-1]) & (contents[1:] != contents[:-1])
        return set(ids[1:][differs].tolist())
