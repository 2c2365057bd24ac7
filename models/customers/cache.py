"""The decoded customers of a partition."""

from array import array
from collections.abc import Callable
from typing import Final

from models.customers.customer import Customer
from models.customers.exposure import ExposureHours
from models.customers.facts_by_entity import CustomerFacts
from models.facts.fact import Fact

#: Customers in each of the two generations. A decoded customer takes about 7 KB, and a worker may have dozens
#: of partitions. Decoding a customer again takes 15 us.
_GENERATION: Final = 400
#: Bits of the event hour in a packed exposure; the bits above hold the kind of exposure.
_HOUR_BITS: Final = 32
_HOUR_MASK: Final = (1 << _HOUR_BITS) - 1


class CustomerCache:
    """The recently used customers, decoded, in two generations.

    When the hot generation is full, it becomes the cold one, and the customers of the cold generation are
    dropped. The exposures of a dropped customer stay packed, because they follow from all facts of the
    customer together.

    Args:
        visible_facts: function that returns a customer's visible facts.
        with_details: whether customers have the details that segments need.
        generation: number of customers in each generation; None for that of a worker's partitions.
    """

    def __init__(
        self,
        visible_facts: Callable[[bytes], list[Fact]],
        generation: int | None = None,
        *,
        with_details: bool = True,
    ) -> None:
        self._visible_facts = visible_facts
        self._with_details = with_details
        self._generation = _GENERATION if generation is None else generation
        self._hot: dict[bytes, Customer] = {}
        self._cold: dict[bytes, Customer] = {}
        self._exposures: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> Customer:
        """Return a customer for an update, decoded if need be, and keep it in the hot generation."""
        return self._hot.get(key) or self._load(key)

    def peek(self, key: bytes) -> Customer:
        """Return a customer to read once. The cache does not change.

        A customer that is not cached has no `exposures`.
        """
        return self._hot.get(key) or self._cold.get(key) or self._decode(key)

    def pack_exposures(self, customer: Customer) -> None:
        """Store a customer's exposures packed, for the time when the customer is not decoded."""
        exposures = customer.facts.exposures
        if exposures:
            self._exposures[customer.key] = _pack(exposures)
        elif customer.key in self._exposures:
            del self._exposures[customer.key]

    def remove(self, key: bytes) -> None:
        """Remove a customer whose fact log was deleted or replaced."""
        self._hot.pop(key, None)
        self._cold.pop(key, None)
        self._exposures.pop(key, None)

    def _decode(self, key: bytes) -> Customer:
        facts = self._visible_facts(key)
        return Customer(key, CustomerFacts.of(key, facts, with_details=self._with_details))

    def _load(self, key: bytes) -> Customer:
        customer = self._cold.get(key)
        if customer is None:
            customer = self._decode(key)
            packed = self._exposures.get(key)
            if packed is not None:
                customer.facts.exposures = _unpack(packed)
        if len(self._hot) >= self._generation:
            for dropped in self._cold.values():
                self.pack_exposures(dropped)
            self._cold, self._hot = self._hot, {}
        self._hot[key] = customer
        return customer


def _pack(exposures: ExposureHours) -> bytes:
    return array(
        "q", [(kind << _HOUR_BITS) + at for kind, hours in exposures.items() for at in hours]
    ).tobytes()


def _unpack(packed: bytes) -> ExposureHours:
    exposures: ExposureHours = {}
    for each in array("q", packed):
        exposures.setdefault(each >> _HOUR_BITS, []).append(each & _HOUR_MASK)
    return exposures
