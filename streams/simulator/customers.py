"""Customers: how often they visit, how experiences change their mood, and when they leave.

Purchases follow the MBG/NBD model (Batislam et al., 2007). Each customer buys at an individual rate, gamma
distributed, and drops out after a purchase with an individual probability, beta distributed. Experiences
change the mood, and the mood changes that probability. A bad experience can also be the last one.
"""

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from streams.simulator.seasons import DAY, PEAK, PROPOSALS, season, waking_time

if TYPE_CHECKING:
    from streams.simulator.engine import World
    from streams.simulator.fulfilment import Order
    from streams.simulator.shop import Shop

#: Mean days between purchases; a smaller shape makes customers more different.
_DAYS_BETWEEN = 40.0
_RATE_SHAPE = 1.1
_DROPOUT = (0.9, 12.0)
#: Share of the customers who come in the first weeks; the others come at a constant rate.
_FOUNDERS = 0.4
_OPENING_DAYS = 45.0
_NOMINAL_DAYS = 548.0

_CHANNELS = ("web", "web", "web", "web", "app", "app", "app", "store", "marketplace", "social")
_METHODS = ("card", "card", "card", "card", "card", "wallet", "wallet", "bank_transfer", "pay_later")
_EXPERIMENT_SHARE = 0.5


@dataclass(slots=True, eq=False)
class Customer:
    """One customer, with the properties that the shop cannot observe.

    Attributes:
        id: customer id.
        rate: proposed visits a second.
        dropout: probability of dropping out after a purchase in a neutral mood.
        sensitivity: factor of the probability of leaving after a bad experience, 0 to 1.
        channel: sales channel of the customer.
        method: payment method.
        currency: currency of the orders.
        variants: experiment -> variant; None outside the experiment.
        referrer: id of the customer who recommended the shop.
        mood: from -1, furious, to 1, delighted.
        shopping: whether the customer still visits.
        erased: whether the customer was erased.
        guest: whether the customer has no account yet.
        registered: whether the customer has named a country, or decided not to.
        orders: number of orders.
        last_order: latest order.
        chain: number of the current chain of visits; a visit of an earlier chain is ignored.
    """

    id: str
    rate: float
    dropout: float
    sensitivity: float
    channel: str
    method: str
    currency: str
    variants: dict[str, str] | None
    referrer: str | None = None
    mood: float = 0.2
    shopping: bool = True
    erased: bool = False
    guest: bool = False
    registered: bool = False
    orders: int = 0
    last_order: "Order | None" = None
    chain: int = 0


class Customers:
    """All customers: arrivals, visits and departures.

    Args:
        shop: the shop.
        count: customers who come within 18 months.
        currencies: currencies; the first ones are the most frequent.

    Attributes:
        all: every customer who ever came, in the order of arrival.
    """

    def __init__(self, shop: "Shop", count: int, currencies: tuple[str, ...]) -> None:
        self._shop = shop
        self._world: World = shop.world
        self._currencies = currencies
        self.all: list[Customer] = []
        random = self._world.random
        for _ in range(round(count * _FOUNDERS)):
            self._world.after(random.random() * _OPENING_DAYS * DAY, self.arrive)
        self._arrival_rate = count * (1 - _FOUNDERS) / (_NOMINAL_DAYS * DAY)
        if count:
            self._world.after(random.expovariate(self._arrival_rate), self._next_arrival)

    def _next_arrival(self) -> None:
        self.arrive()
        rate = self._arrival_rate * self._world.conditions.arrivals * season(self._world.now)
        self._world.after(self._world.random.expovariate(rate), self._next_arrival)

    def arrive(self, referrer: str | None = None) -> Customer:
        """Add a new customer, whose first visit is within hours.

        Args:
            referrer: id of the customer who recommended the shop.
        """
        customer = self._draw(referrer)
        self.all.append(customer)
        self._world.after(self._world.random.random() * DAY / 4, self._shop.storefront.first_visit, customer)
        self._plan_visit(customer)
        return customer

    def _draw(self, referrer: str | None) -> Customer:
        random = self._world.random
        rate = random.gammavariate(_RATE_SHAPE, 1 / (_RATE_SHAPE * _DAYS_BETWEEN * DAY))
        variants: dict[str, str] | None = None
        if self._world.chance(_EXPERIMENT_SHARE):
            variants = {"checkout-v2": self._world.pick("ab")}
        guest = self._world.chance(0.03)
        return Customer(
            id=f"{'g' if guest else 'c'}-{self._world.key}-{len(self.all):06}",
            rate=max(rate, 1 / (2000 * DAY)) * PROPOSALS,
            dropout=random.betavariate(*_DROPOUT),
            sensitivity=random.betavariate(2.0, 3.0),
            channel=self._world.pick(_CHANNELS),
            method=self._world.pick(_METHODS),
            currency=self._currencies[int(random.random() ** 2 * len(self._currencies))],
            variants=variants,
            referrer=referrer,
            guest=guest,
        )

    def _plan_visit(self, customer: Customer) -> None:
        random = self._world.random
        wait = random.expovariate(customer.rate)
        time = waking_time(self._world.now + wait, random)
        if time <= self._world.now:
            time = self._world.now + wait
        self._world.at(time, self._visit, customer, customer.chain)

    def _visit(self, customer: Customer, chain: int) -> None:
        if not customer.shopping or chain != customer.chain:
            return
        self._plan_visit(customer)
        if self._world.random.random() * PEAK < season(self._world.now):
            self._shop.storefront.browse(customer)

    def please(self, customer: Customer, amount: float) -> None:
        """Improve the mood by a share of its distance to 1.

        Args:
            customer: the customer.
            amount: the share, 0 to 1.
        """
        customer.mood += amount * (1 - customer.mood)

    def disappoint(self, customer: Customer, severity: float) -> None:
        """Lower the mood after a bad experience; the customer may leave.

        Args:
            customer: the customer.
            severity: severity of the experience, 0 to 1.
        """
        customer.mood = max(-1.0, customer.mood - severity)
        if customer.shopping and self._world.chance(severity * customer.sensitivity * 1.4):
            self.leave(customer)

    def bought(self, customer: Customer) -> None:
        """Update a customer after a purchase: the mood calms down, and some customers drop out."""
        customer.orders += 1
        customer.mood += 0.15 * (0.2 - customer.mood)
        if self._world.chance(customer.dropout * exp(-1.2 * customer.mood)):
            self.leave(customer)
        elif customer.guest and customer.orders > 1:
            self._sign_up(customer)

    def leave(self, customer: Customer) -> None:
        """Stop the visits of a customer. The shop contacts some of them later; a few request erasure."""
        random = self._world.random
        customer.shopping = False
        if self._world.chance(0.01):
            self._world.after(random.random() * 20 * DAY, self._erase, customer)
        elif self._world.chance(0.5):
            self._world.after((55 + 40 * random.random()) * DAY, self._contact, customer)

    def come_back(self, customer: Customer) -> None:
        """Restart the visits of a customer."""
        customer.shopping = True
        customer.mood = max(customer.mood, 0.0)
        customer.chain += 1
        self._plan_visit(customer)

    def _contact(self, customer: Customer) -> None:
        if customer.shopping:
            return
        self._world.emit("customer.contacted", customer, action_id=self._world.new_id("a"))
        if self._world.chance(0.12 * (1 + customer.mood)):
            self._world.after(self._world.random.random() * 3 * DAY, self.come_back, customer)

    def _sign_up(self, customer: Customer) -> None:
        """Merge a guest into a new registered customer, whose id later events have."""
        registered = f"c{customer.id[1:]}"
        self._world.emit("customer.merged", customer, into=registered)
        customer.id = registered
        customer.guest = False

    def _erase(self, customer: Customer) -> None:
        self._world.emit("customer.erased", customer)
        customer.erased = True
