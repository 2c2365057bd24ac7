"""The customers of a partition who are decoded, and what is kept of the others."""

from array import array
from collections.abc import Callable
from typing import Final

from models.customers.customer import Customer
from models.customers.exposure import ExposureHours
from models.customers.facts_by_entity import CustomerFacts
from models.facts.fact import Fact

#: Decoded customers kept in two generations of at most this many. One of them takes about 7 KB: more would
#: cost memory (a worker may have dozens of partitions), and decoding one again takes 15 us.
_GENERATION: Final = 400
#: What was met is kept packed while its customer is not decoded: exposure and hour in one integer.
_HOUR_BITS: Final = 32
_HOURS: Final = (1 << _HOUR_BITS) - 1


class CustomerCache:
    """Decoded customers, those looked at lately.

    Args:
        facts: gives the facts known of a customer.
    """

    def __init__(self, facts: Callable[[bytes], list[Fact]]) -> None:
        self._facts = facts
        self._young: dict[bytes, Customer] = {}
        self._old: dict[bytes, Customer] = {}
        self._met: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> Customer:
        """Give a customer at work."""
        return self._young.get(key) or self._load(key)

    def peek(self, key: bytes) -> Customer:
        """Give a customer to look at once: nobody else is forgotten for it."""
        return self._young.get(key) or self._old.get(key) or Customer(key, CustomerFacts(self._facts(key)))

    def pack(self, account: Customer) -> None:
        """Keep what a customer has met, which would take all facts to find out again."""
        met = account.row.met
        if met:
            self._met[account.key] = _packed(met)
        elif account.key in self._met:
            del self._met[account.key]

    def forget(self, key: bytes) -> None:
        """A customer is no more, or another one."""
        self._young.pop(key, None)
        self._old.pop(key, None)
        self._met.pop(key, None)

    def _load(self, key: bytes) -> Customer:
        account = self._old.get(key)
        if account is None:
            account = Customer(key, CustomerFacts(self._facts(key)))
            met = self._met.get(key)
            if met is not None:
                account.row.met = _unpacked(met)
        if len(self._young) >= _GENERATION:
            for old in self._old.values():
                self.pack(old)
            self._old, self._young = self._young, {}
        self._young[key] = account
        return account


def _packed(met: ExposureHours) -> bytes:
    return array("q", [(kind << _HOUR_BITS) + at for kind, hours in met.items() for at in hours]).tobytes()


def _unpacked(packed: bytes) -> ExposureHours:
    met: ExposureHours = {}
    for each in array("q", packed):
        met.setdefault(each >> _HOUR_BITS, []).append(each & _HOURS)
    return met
