"""Visits, carts, checkouts and payments, up to an order or an abandoned cart."""

from typing import TYPE_CHECKING

from streams.simulator.catalogue import Product
from streams.simulator.customers import Customer
from streams.simulator.seasons import HOUR, MINUTE

if TYPE_CHECKING:
    from streams.simulator.shop import Shop

_ONLINE = frozenset({"web", "app", "social"})
_MOST_PAYMENT_ATTEMPTS = 3
_COUPONS = ("WELCOME10", "SPRING", "FREESHIP", "LOYAL15")

Basket = list[tuple[Product, int]]


class Storefront:
    """Handles visits of customers."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._world = shop.world
        self._random = shop.world.random

    def first_visit(self, customer: Customer) -> None:
        """Handle the first visit of a new customer, which most often leads to a purchase."""
        if self._world.chance(0.8):
            self.browse(customer)

    def browse(self, customer: Customer) -> None:
        """Handle a visit of a customer who wants to buy."""
        if self._world.chance(0.04):
            self._shop.support.contact(customer, customer.last_order, "low" if not customer.orders else None)
        basket = self._fill_basket(customer)
        if not basket:
            return
        self._shop.residence.register(customer)
        if customer.channel not in _ONLINE:
            self._order(customer, basket, None)
            return
        cart = self._world.new_id("b")
        self._world.emit("checkout.started", customer, channel=customer.channel, cart_id=cart)
        if self._world.chance(self._abandonment(customer)):
            if self._world.chance(0.25):
                back = self._world.lognormal(9 * HOUR, 0.8)
                self._world.after(back, self._pay, customer, basket, cart, 1)
            return
        self._world.after(self._world.lognormal(2.5 * MINUTE, 0.7), self._pay, customer, basket, cart, 1)

    def _fill_basket(self, customer: Customer) -> Basket:
        basket: Basket = []
        wanted = 1 + int(self._random.expovariate(1.6))
        for _ in range(wanted):
            product = self._shop.catalogue.pick()
            if product.stock >= 1:
                basket.append((product, 2 if self._world.chance(0.12) else 1))
            elif self._leaves_over_stockout(customer, product):
                return []
        return basket

    def _leaves_over_stockout(self, customer: Customer, product: Product) -> bool:
        """Emit a missed product, and return whether the customer leaves because of it."""
        self._world.emit("stock.missed", customer, channel=customer.channel, sku=product.sku)
        self._shop.customers.disappoint(customer, 0.3)
        return self._world.chance(0.5)

    def _abandonment(self, customer: Customer) -> float:
        """Return the probability that a checkout is abandoned; variant `b` of the experiment lowers it."""
        easier = 0.8 if customer.variants and customer.variants["checkout-v2"] == "b" else 1.0
        return (0.34 if customer.orders else 0.46) * easier

    def _pay(self, customer: Customer, basket: Basket, cart: str, attempt: int) -> None:
        failures = self._world.conditions.card_failures if customer.method == "card" else 0.01
        if self._random.random() >= failures:
            self._order(customer, basket, cart)
            return
        self._world.emit(
            "payment.failed",
            customer,
            channel=customer.channel,
            payment_method=customer.method,
            cart_id=cart,
        )
        if attempt < _MOST_PAYMENT_ATTEMPTS and self._world.chance(0.75):
            self._world.after(self._world.lognormal(50, 0.5), self._pay, customer, basket, cart, attempt + 1)
            return
        self._shop.customers.disappoint(customer, 0.35)
        if self._world.chance(0.15):
            self._shop.support.contact(customer, None, "high")

    def _order(self, customer: Customer, basket: Basket, cart: str | None) -> None:
        for product, quantity in basket:
            self._shop.catalogue.sell(product, quantity)
        items = [
            {"sku": product.sku, "quantity": quantity, "amount": product.price * quantity}
            for product, quantity in basket
        ]
        amount = sum(product.price * quantity for product, quantity in basket)
        fields: dict[str, object] = {"items": items, "payment_method": customer.method}
        if cart is not None:
            fields["cart_id"] = cart
        if self._world.chance(0.08):
            fields["coupon"] = self._world.pick(_COUPONS)
            amount = amount * 9 // 10
        if customer.referrer is not None and not customer.orders:
            fields["referred_by"] = customer.referrer
        self._shop.fulfilment.place(customer, amount, fields)
