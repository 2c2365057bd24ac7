"""Updates of carts (docs/metrics.md, "Carts")."""

from models.customers.customer import Customer
from models.customers.facts_by_entity import replace_claims
from models.entities import carts
from models.entities.carts import Cart, CartAggregator
from models.facts.claims import CheckoutStarted
from models.partition.timers import CART
from models.partition.updates.context import UpdateContext


class CartUpdates:
    """Keeps the contributions of carts up to date."""

    def __init__(self, context: UpdateContext, aggregator: CartAggregator) -> None:
        self._context = context
        self._aggregator = aggregator

    def apply(self, customer: Customer, cart_id: str, claim: CheckoutStarted) -> None:
        """Apply a claim of a cart."""
        self.replace(customer, cart_id, [*customer.facts.carts.get(cart_id, ()), claim])

    def replace(self, customer: Customer, cart_id: str, claims: list[CheckoutStarted]) -> None:
        """Replace the claims of a cart."""
        self._retract(customer, cart_id)
        replace_claims(customer.facts.carts, cart_id, claims)
        self._add(customer, cart_id)

    def add_order(self, customer: Customer, cart_id: str, time: int) -> None:
        """Apply an order that names a cart.

        Args:
            customer: buyer.
            cart_id: cart that the order names.
            time: time of the order, microseconds since the epoch.
        """
        if customer.tracks_cart(cart_id):
            self._retract(customer, cart_id)
            customer.cart_orders.setdefault(cart_id, []).append(time)
            self._add(customer, cart_id)

    def remove_order(self, customer: Customer, cart_id: str, time: int) -> None:
        """Retract an order that named a cart, as `add_order`."""
        if customer.tracks_cart(cart_id):
            self._retract(customer, cart_id)
            customer.cart_orders[cart_id].remove(time)
            self._add(customer, cart_id)

    def restore(self, customer: Customer) -> None:
        """Apply all carts of a restored customer."""
        cart_orders, now = customer.cart_orders, self._context.now
        for cart_id, claims in customer.facts.carts.items():
            cart = carts.derive(claims, cart_orders.get(cart_id, ()))
            if cart is not None:
                self._aggregator.add(cart, now, 1)
                if cart.ordered is None:
                    self._schedule(customer, cart_id, cart)

    def on_timer(self, customer: Customer, cart_id: str, before: int) -> None:
        """Replace the contribution of a cart as of `before` (microseconds) by that of now."""
        cart = _cart(customer, cart_id)
        if cart is not None:
            self._aggregator.add(cart, before, -1)
            self._aggregator.add(cart, self._context.now, 1)

    def _retract(self, customer: Customer, cart_id: str) -> None:
        cart = _cart(customer, cart_id)
        if cart is not None:
            self._aggregator.add(cart, self._context.now, -1)

    def _add(self, customer: Customer, cart_id: str) -> None:
        cart = _cart(customer, cart_id)
        if cart is not None:
            self._aggregator.add(cart, self._context.now, 1)
            self._schedule(customer, cart_id, cart)

    def _schedule(self, customer: Customer, cart_id: str, cart: Cart) -> None:
        due = carts.abandoned_at(cart, self._context.now)
        self._context.timers.schedule(customer.key, CART, cart_id, due)


def _cart(customer: Customer, cart_id: str) -> Cart | None:
    claims = customer.facts.carts.get(cart_id)
    return None if claims is None else carts.derive(claims, customer.orders_of_cart(cart_id))
