"""Facts from later than the clock: they are in their customers' logs, and not known yet."""

from collections.abc import Iterable
from heapq import heappop, heappush

from models.facts.fact import Fact
from models.identity.links import linked_customers, without_erased


class FutureFacts:
    """Facts from later than the clock, by customer."""

    def __init__(self) -> None:
        self._held: dict[bytes, list[Fact]] = {}
        self._times: list[tuple[int, bytes]] = []

    def __contains__(self, key: bytes) -> bool:
        return key in self._held

    def of(self, key: bytes) -> list[Fact]:
        """Give what waits of a customer."""
        return list(self._held.get(key, ()))

    def add(self, key: bytes, fact: Fact) -> None:
        """Let a fact wait."""
        self._held.setdefault(key, []).append(fact)
        heappush(self._times, (fact.time, key))

    def known(self, key: bytes, facts: list[Fact]) -> list[Fact]:
        """Give those of a customer's log that do not wait."""
        held = self._held.get(key)
        if held is None:
            return facts
        ids = {fact.claim.id for fact in held}
        return [fact for fact in facts if fact.claim.id not in ids]

    def due(self, now: int) -> Iterable[bytes]:
        """Give the customers of whom something is from `now` (microseconds) or before, and forget when."""
        due: dict[bytes, None] = {}  # each once: a customer may have thousands
        while self._times and self._times[0][0] <= now:
            due[heappop(self._times)[1]] = None
        return due

    def release(self, key: bytes, now: int) -> list[Fact]:
        """Give what is from `now` (microseconds) or before, and let only the rest wait."""
        held = self._held.pop(key, [])
        later = [fact for fact in held if fact.time > now]
        if later:
            self._held[key] = later
        return [fact for fact in held if fact.time <= now]

    def forget(self, key: bytes) -> None:
        """Let nothing wait of a customer."""
        self._held.pop(key, None)

    def unname(self, key: bytes, erased: set[str]) -> None:
        """Let no fact of a customer name who is erased."""
        if key in self._held:
            self._held[key] = without_erased(self._held[key], erased)

    def naming(self, identity: str) -> list[bytes]:
        """Give the customers with facts that name somebody."""
        return [key for key, held in self._held.items() if identity in linked_customers(held)]
