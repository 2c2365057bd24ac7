"""The fact logs of a partition's customers, stored in its rows, and the rows that changed of late."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from models.facts import log_pages
from models.facts.fact import Fact, encode_fact


class Known(NamedTuple):
    """The facts that were not appended, because the log has their event ids already.

    Attributes:
        duplicates: number of facts that the log has exactly as they are.
        differing: facts of events that the log has with another fact (`models.facts.conflicts`).
    """

    duplicates: int
    differing: Sequence[log_pages.LogEntry]


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
        # Event id -> hash of its encoded fact, of customers with several pages, which would take long to
        # search.
        self._large: dict[bytes, dict[str, int]] = {}

    def customers(self) -> list[bytes]:
        """Return the keys of all customers with a row."""
        return [key for key in self.rows if not log_pages.is_page(key)]

    @property
    def has_customers(self) -> bool:
        """Whether any customer has a row."""
        return any(not log_pages.is_page(key) for key in self.rows)

    def read(self, key: bytes) -> list[Fact]:
        """Return the facts of a customer, in the order in which they were appended."""
        return log_pages.read(self.rows, key)

    def append(self, entries: Iterable[log_pages.LogEntry]) -> Known:
        """Append facts to the logs of their customers, except those of known events, which are returned."""
        duplicates = 0
        differing: list[log_pages.LogEntry] = []
        for entry in log_pages.append_fast(self.rows, entries, self.dirty):
            key, event_id, encoded = entry
            hashed = log_pages.short_hash(event_id)
            equal = self._compare(key, event_id, encoded, hashed)
            if equal is None:
                self._append(key, event_id, encoded, hashed)
            elif equal:
                duplicates += 1
            else:
                differing.append(entry)
        return Known(duplicates, differing)

    def _append(self, key: bytes, event_id: str, encoded: bytes, hashed: bytes) -> None:
        for changed in log_pages.append(self.rows, key, encoded, hashed):
            self.dirty[changed] = None
        if key in self._large:
            self._large[key][event_id] = hash(encoded)

    def _compare(self, key: bytes, event_id: str, encoded: bytes, hashed: bytes) -> bool | None:
        """Return whether a customer with a row has this fact; None if it has no fact of the event at all."""
        row = self.rows[key]
        if log_pages.count(row) > 1:
            known = self._hashes(key).get(event_id)
            return None if known is None else known == hash(encoded)
        if not log_pages.may_hold(row, hashed):
            return None
        # The hash may be that of another id. Only now is it worth decoding every fact.
        same = [fact for fact in self.read(key) if fact.claim.id == event_id]
        return any(encode_fact(fact) == encoded for fact in same) if same else None

    def _hashes(self, key: bytes) -> dict[str, int]:
        hashes = self._large.get(key)
        if hashes is None:
            hashes = self._large[key] = {fact.claim.id: hash(encode_fact(fact)) for fact in self.read(key)}
        return hashes

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
