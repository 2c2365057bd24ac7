"""The fact logs of a partition's customers, stored in its rows, and the rows that changed of late."""

from collections.abc import Iterable

from models.facts import log_pages
from models.facts.fact import Fact, encode_fact


class FactLog:
    """The append-only fact logs of customers, with detection of duplicate events.

    Args:
        rows: key -> value, as in the changelog. The log changes them in place.

    Attributes:
        rows: the rows.
        dirty: keys of the rows that have changed since `take_changes`, in the order of their first change.
    """

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        self.rows = rows
        self.dirty: dict[bytes, None] = {}
        # Event ids of customers with several pages, which would take long to search.
        self._large: dict[bytes, set[str]] = {}

    def customers(self) -> list[bytes]:
        """Return the keys of all customers with a row."""
        return [key for key in self.rows if not log_pages.is_page(key)]

    def read(self, key: bytes) -> list[Fact]:
        """Return the facts of a customer, in the order in which they were appended."""
        return log_pages.read(self.rows, key)

    def append(self, entries: Iterable[log_pages.LogEntry]) -> int:
        """Append facts to the logs of their customers. Facts of duplicate events are skipped.

        Returns:
            The number of skipped facts.
        """
        duplicates = 0
        for key, event_id, encoded in log_pages.append_fast(self.rows, entries, self.dirty):
            hashed = log_pages.short_hash(event_id)
            if not self._is_new(key, self.rows[key], event_id, hashed):
                duplicates += 1
                continue
            for changed in log_pages.append(self.rows, key, encoded, hashed):
                self.dirty[changed] = None
            if key in self._large:
                self._large[key].add(event_id)
        return duplicates

    def _is_new(self, key: bytes, row: bytes, event_id: str, hashed: bytes) -> bool:
        """Return whether a customer with a row has no fact of an event yet."""
        if log_pages.count(row) > 1:
            return event_id not in self._ids(key)
        if not log_pages.may_hold(row, hashed):
            return True
        # The hash may be that of another id. Only now is it worth decoding every fact.
        return all(fact.claim.id != event_id for fact in self.read(key))

    def _ids(self, key: bytes) -> set[str]:
        ids = self._large.get(key)
        if ids is None:
            ids = self._large[key] = {fact.claim.id for fact in self.read(key)}
        return ids

    def append_control_fact(self, key: bytes, fact: Fact) -> None:
        """Append a control fact to the log of a customer, without looking for duplicates."""
        hashed = log_pages.short_hash(fact.claim.id)
        self.dirty.update(dict.fromkeys(log_pages.append(self.rows, key, encode_fact(fact), hashed)))

    def rewrite(self, key: bytes, facts: list[Fact]) -> None:
        """Replace the log of a customer."""
        self.dirty.update(dict.fromkeys(log_pages.rewrite(self.rows, key, facts)))
        self._large.pop(key, None)

    def output_state(self, key: bytes) -> bytes:
        """Return the encoded output state of a customer, or nothing."""
        return log_pages.output_state(self.rows, key)

    def put_output_state(self, key: bytes, state: bytes) -> None:
        """Replace the encoded output state of a customer. A customer without facts has none."""
        state = state if log_pages.holds_facts(self.rows[key]) else b""
        if state != self.output_state(key):
            self.dirty.update(dict.fromkeys(log_pages.put_output_state(self.rows, key, state)))

    def restore_output_state(self, key: bytes, state: bytes) -> None:
        """Store the encoded output state of a customer without facts, whose outputs were published before."""
        self.dirty.update(dict.fromkeys(log_pages.put_output_state(self.rows, key, state)))

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call. None stands for a deleted row."""
        changed = {key: self.rows.get(key) for key in self.dirty}
        self.dirty.clear()
        return changed
