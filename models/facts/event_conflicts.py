"""Count the conflicting duplicates among events that are at hand, for reports on files and samples."""

from models.contract.events import Event
from models.definitions.definitions import Definitions
from models.facts.conflicts import Conflicts, canonical_bytes
from models.facts.from_events import facts_of


class EventConflicts:
    """Finds events of one customer with one id and different contents.

    It keeps hashes, so that millions of events fit into memory.

    Args:
        definitions: the definitions, as contents are compared as far as facts keep them.

    Attributes:
        found: the conflicting duplicates: of each id, the contents after the first.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.found = Conflicts()
        self._definitions = definitions
        self._first: dict[int, int] = {}
        self._others: dict[int, set[int]] = {}

    def add(self, event: Event) -> None:
        """Add a valid event. Merges and erasures do not conflict: all of them count."""
        if not event.expires:
            return
        key, content = hash((event.customer_id, event.id)), self._content(event)
        if self._first.setdefault(key, content) == content:
            return
        others = self._others.setdefault(key, set())
        if content not in others:
            others.add(content)
            self.found.add(str(event.__struct_config__.tag), event.id)

    def _content(self, event: Event) -> int:
        [(_, fact)] = facts_of(event, self._definitions)
        return hash((fact.time, canonical_bytes(fact)))
