"""The buffer of facts with event times ahead of the partition's clock.

Such facts are in their customers' fact logs, but not visible yet.
"""

from collections.abc import Iterable
from heapq import heappop, heappush

from models.facts.fact import Fact
from models.identity.links import linked_customers, without_erased


class FutureFacts:
    """The facts ahead of the clock, by customer."""

    def __init__(self) -> None:
        self._facts: dict[bytes, list[Fact]] = {}
        # Event ids of which another content is visible or ahead of the clock too.
        self._conflicting: dict[bytes, set[str]] = {}
        self._times: list[tuple[int, bytes]] = []

    def __contains__(self, key: bytes) -> bool:
        return key in self._facts

    def of(self, key: bytes) -> list[Fact]:
        """Return the future facts of a customer."""
        return list(self._facts.get(key, ()))

    def add(self, key: bytes, fact: Fact) -> None:
        """Add a future fact of a customer."""
        self._facts.setdefault(key, []).append(fact)
        heappush(self._times, (fact.time, key))

    def buffer(self, key: bytes, facts: list[Fact], now: int) -> list[Fact]:
        """Add a customer's facts ahead of the clock, `now` in microseconds, and return all others."""
        for fact in facts:
            if fact.time > now:
                self.add(key, fact)
        return [fact for fact in facts if fact.time <= now] if key in self._facts else facts

    def visible(self, key: bytes, facts: list[Fact]) -> list[Fact]:
        """Return the facts of a customer's fact log that are not future facts."""
        future = self._facts.get(key)
        if future is None:
            return facts
        hidden = {(fact.claim.id, fact.claim.time) for fact in future}
        return [fact for fact in facts if (fact.claim.id, fact.claim.time) not in hidden]

    def record_conflicts(self, key: bytes, event_ids: set[str]) -> None:
        """Record the event ids of a customer of which several contents are known."""
        if event_ids:
            self._conflicting[key] = event_ids

    def any_conflicting(self, key: bytes, facts: Iterable[Fact]) -> bool:
        """Return whether another content is known of the event of one of these facts."""
        conflicting = self._conflicting.get(key)
        return conflicting is not None and any(fact.claim.id in conflicting for fact in facts)

    def pop_due_customers(self, now: int) -> Iterable[bytes]:
        """Remove the due times up to `now` (microseconds), and return their customers, each once.

        The caller passes each customer to `pop_due`.
        """
        due: dict[bytes, None] = {}
        while self._times and self._times[0][0] <= now:
            due[heappop(self._times)[1]] = None
        return due

    def pop_due(self, key: bytes, now: int) -> list[Fact]:
        """Remove and return the facts of a customer with event times up to `now` (microseconds)."""
        facts = self._facts.pop(key, [])
        later = [fact for fact in facts if fact.time > now]
        if later:
            self._facts[key] = later
        return [fact for fact in facts if fact.time <= now]

    def remove(self, key: bytes) -> None:
        """Remove all future facts of a customer."""
        self._facts.pop(key, None)
        self._conflicting.pop(key, None)

    def remove_references(self, key: bytes, erased: set[str]) -> None:
        """Remove the references to erased customers from the future facts of a customer."""
        if key in self._facts:
            self._facts[key] = without_erased(self._facts[key], erased)

    def mentioning(self, identity: str) -> list[bytes]:
        """Return the customers whose future facts mention another customer."""
        return [key for key, facts in self._facts.items() if identity in linked_customers(facts)]
