"""Where customers live: they name their country before the first checkout, and a few of them move.

The countries have a random generator of their own: what the customers decide does not depend on them.
"""

from random import Random
from typing import TYPE_CHECKING, Final

from streams.simulator.seasons import DAY

if TYPE_CHECKING:
    from streams.simulator.customers import Customer
    from streams.simulator.shop import Shop

#: Country of each of 20 customers.
_COUNTRIES: Final = ("DE",) * 9 + ("AT",) * 4 + ("FR",) * 3 + ("CH", "CH", "NL", "IT")
#: Share of the customers who never name their country.
_SILENT: Final = 0.05
#: Share of the customers who move within `_YEARS` after the first checkout.
_MOVING: Final = 0.06
_YEARS: Final = 2 * 365 * DAY


class Residence:
    """Emits the countries of customers, as attributes.

    Args:
        shop: the shop.
        seed: seed of the random generator of the countries.
    """

    def __init__(self, shop: "Shop", seed: int) -> None:
        self._world = shop.world
        self._random = Random(f"residence {seed}")

    def register(self, customer: "Customer") -> None:
        """Emit the country of a customer, once, and schedule a move of a few."""
        if customer.registered:
            return
        customer.registered = True
        if self._random.random() >= _SILENT:
            self._emit(customer)
            if self._random.random() < _MOVING:
                self._world.after(self._random.random() * _YEARS, self._emit, customer)

    def _emit(self, customer: "Customer") -> None:
        country = _COUNTRIES[int(self._random.random() * len(_COUNTRIES))]
        self._world.emit("customer.updated", customer, attributes={"country": country})
