"""Products with their prices, and a stock that sells out when suppliers are late.

A product is reordered when its stock, at the recent demand, lasts only as long as a usual delivery takes.
Stockouts follow when deliveries take longer.
"""

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

from streams.simulator.engine import World
from streams.simulator.seasons import DAY

_PRODUCTS = 150
_LEAD_DAYS = 4.0
_REORDER_AT_DAYS = 9.0
_ORDER_FOR_DAYS = 21.0
_DEMAND_MEMORY_DAYS = 14.0


@dataclass(slots=True, eq=False)
class Product:
    """One product.

    Attributes:
        sku: stock keeping unit.
        price: price, minor units.
        stock: items in stock.
        demand: recent demand, items a second.
        last_sold: time of the last sale, seconds since the epoch.
        on_order: whether a delivery is on its way.
    """

    sku: str
    price: int
    stock: float
    demand: float
    last_sold: float
    on_order: bool = False


class Catalogue:
    """All products of the shop.

    Args:
        world: clock and random generator.
        expected_orders_a_day: orders a day for which the first stock is sized.
    """

    def __init__(self, world: World, expected_orders_a_day: float) -> None:
        self._world = world
        random = world.random
        shares = [1 / (rank + 3) for rank in range(_PRODUCTS)]
        total = sum(shares)
        self._popularity = list(accumulate(share / total for share in shares))
        self._products = []
        for rank, share in enumerate(shares):
            demand = max(expected_orders_a_day * share / total, 0.02) / DAY
            price = max(199, round(world.lognormal(2400, 0.7), -2) - 1)
            stock = 5 + demand * DAY * _ORDER_FOR_DAYS * (0.5 + random.random())
            self._products.append(Product(f"sku-{rank:03}", int(price), stock, demand, world.now))

    def pick(self) -> Product:
        """Return a random product, popular ones more often."""
        index = bisect(self._popularity, self._world.random.random())
        return self._products[min(index, _PRODUCTS - 1)]

    def sell(self, product: Product, quantity: int) -> None:
        """Remove `quantity` items from the stock, and reorder if the recent demand requires it."""
        now = self._world.now
        elapsed = max(now - product.last_sold, 1e-3)
        weight = min(elapsed / (_DEMAND_MEMORY_DAYS * DAY), 1.0)
        product.demand += weight * (quantity / elapsed - product.demand)
        product.last_sold = now
        product.stock -= quantity
        if not product.on_order and product.stock < 2 + product.demand * DAY * _REORDER_AT_DAYS:
            product.on_order = True
            lead = self._world.lognormal(_LEAD_DAYS * DAY, 0.3) * self._world.conditions.supply
            amount = 4 + product.demand * DAY * _ORDER_FOR_DAYS
            self._world.after(lead, self._restock, product, amount)

    def _restock(self, product: Product, amount: float) -> None:
        product.stock = max(product.stock, 0) + amount
        product.on_order = False

    def stock_up(self, items: float) -> None:
        """Add `items` to the stock, distributed over the products by popularity."""
        below = 0.0
        for product, up_to in zip(self._products, self._popularity, strict=True):
            product.stock = max(product.stock, 0) + items * (up_to - below)
            below = up_to
