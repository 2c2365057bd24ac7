"""The logs of a partition's customers, in its rows: what is known, and what was written of late."""

from collections.abc import Iterable

from models.facts import log_pages
from models.facts.fact import Fact, encode_fact


class FactLog:
    """Customers' logs.

    Args:
        rows: key -> value, as in the changelog; changed in place.

    Attributes:
        touched: the keys of rows that have changed, in that order.
    """

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        self.rows = rows
        self.dirty: dict[bytes, None] = {}
        # Event ids of the customers with several pages, which it would take long to search.
        self._large: dict[bytes, set[str]] = {}

    def customers(self) -> list[bytes]:
        """Give the keys of all customers of whom there is a row."""
        return [key for key in self.rows if not log_pages.is_page(key)]

    def read(self, key: bytes) -> list[Fact]:
        """Give a customer's log."""
        return log_pages.read(self.rows, key)

    def append(self, entries: Iterable[log_pages.LogEntry]) -> int:
        """Write facts into their customers' logs; give how many are of events that are there already."""
        known = 0
        for key, event_id, encoded in log_pages.append_fast(self.rows, entries, self.dirty):
            hashed = log_pages.short_hash(event_id)
            if not self._admits(key, self.rows[key], event_id, hashed):
                known += 1
                continue
            for changed in log_pages.append(self.rows, key, encoded, hashed):
                self.dirty[changed] = None
            if key in self._large:
                self._large[key].add(event_id)
        return known

    def _admits(self, key: bytes, row: bytes, event_id: str, hashed: bytes) -> bool:
        """Whether an event is not known yet of a customer who has a row."""
        if log_pages.count(row) > 1:
            return event_id not in self._ids(key)
        if not log_pages.may_hold(row, hashed):
            return True
        # Maybe another id's hash: only now is it worth looking at every fact.
        return all(fact.claim.id != event_id for fact in self.read(key))

    def _ids(self, key: bytes) -> set[str]:
        ids = self._large.get(key)
        if ids is None:
            ids = self._large[key] = {fact.claim.id for fact in self.read(key)}
        return ids

    def append_control_fact(self, key: bytes, statement: Fact) -> None:
        """Write a statement into a customer's log, whatever is there."""
        hashed = log_pages.short_hash(statement.claim.id)
        self.dirty.update(dict.fromkeys(log_pages.append(self.rows, key, encode_fact(statement), hashed)))

    def rewrite(self, key: bytes, facts: list[Fact]) -> None:
        """Put a log in the place of a customer's."""
        self.dirty.update(dict.fromkeys(log_pages.rewrite(self.rows, key, facts)))
        self._large.pop(key, None)

    def output_state(self, key: bytes) -> bytes:
        """Give a customer's note; an empty one if there is none."""
        return log_pages.output_state(self.rows, key)

    def put_output_state(self, key: bytes, noted: bytes) -> None:
        """Put a note in the place of a customer's; without facts there is none."""
        noted = noted if log_pages.holds_facts(self.rows[key]) else b""
        if noted != self.output_state(key):
            self.dirty.update(dict.fromkeys(log_pages.put_output_state(self.rows, key, noted)))

    def restore_output_state(self, key: bytes, noted: bytes) -> None:
        """Keep a note of a customer of whom nothing is known yet."""
        self.dirty.update(dict.fromkeys(log_pages.put_output_state(self.rows, key, noted)))

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Give the rows that changed since the last time; None in place of one that is no more."""
        changed = {key: self.rows.get(key) for key in self.dirty}
        self.dirty.clear()
        return changed
