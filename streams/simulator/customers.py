"""Customers: how often they come, what they expect, and when they have had enough.

Purchases follow the MBG/NBD model (Batislam et al., 2007): each buys at a rate of their own (gamma over the
population) until, after some purchase, they drop out with a probability of their own (beta). What they meet
moves their mood, the mood moves that probability, and a bad experience may be the last.
"""

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from streams.simulator.seasons import DAY, PEAK, PROPOSALS, season, waking_time

if TYPE_CHECKING:
    from streams.simulator.engine import World
    from streams.simulator.fulfilment import Order
    from streams.simulator.shop import Shop

#: A purchase every 40 days on average; the shape says how different customers are.
_DAYS_BETWEEN = 40.0
_RATE_SHAPE = 1.1
_DROPOUT = (0.9, 12.0)
#: Share of the customers that the shop has from its first weeks on; the others come over the years.
_FOUNDERS = 0.4
_OPENING_DAYS = 45.0
_NOMINAL_DAYS = 548.0

_CHANNELS = ("web", "web", "web", "web", "app", "app", "app", "store", "marketplace", "social")
_METHODS = ("card", "card", "card", "card", "card", "wallet", "wallet", "bank_transfer", "pay_later")
_EXPERIMENT_SHARE = 0.5


@dataclass(slots=True, eq=False)
class Customer:
    """One customer, as the shop cannot see them."""

    id: str
    #: Proposed visits a second, and the chance to drop out after a purchase.
    rate: float
    dropout: float
    sensitivity: float
    channel: str
    method: str
    currency: str
    variants: dict[str, str] | None
    referrer: str | None = None
    #: From -1, furious, to 1, delighted.
    mood: float = 0.2
    shopping: bool = True
    erased: bool = False
    guest: bool = False
    orders: int = 0
    last_order: "Order | None" = None
    #: Changes when a new chain of visits begins, so that the old one ends.
    chain: int = 0


class Customers:
    """Everybody who ever came, who comes next, and who leaves."""

    def __init__(self, shop: "Shop", count: int, currencies: tuple[str, ...]) -> None:
        self._shop = shop
        self._world: World = shop.world
        self._currencies = currencies
        self.everybody: list[Customer] = []
        random = self._world.random
        for _ in range(round(count * _FOUNDERS)):
            self._world.after(random.random() * _OPENING_DAYS * DAY, self.arrive)
        self._arrival_rate = count * (1 - _FOUNDERS) / (_NOMINAL_DAYS * DAY)
        if count:
            self._world.after(random.expovariate(self._arrival_rate), self._next_arrival)

    def _next_arrival(self) -> None:
        self.arrive()
        rate = self._arrival_rate * self._world.causes.arrivals * season(self._world.now)
        self._world.after(self._world.random.expovariate(rate), self._next_arrival)

    def arrive(self, referrer: str | None = None) -> Customer:
        """A new customer, who begins to shop within hours."""
        customer = self._draw(referrer)
        self.everybody.append(customer)
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
            id=f"{'g' if guest else 'c'}-{self._world.key}-{len(self.everybody):06}",
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
        """Something went well."""
        customer.mood += amount * (1 - customer.mood)

    def disappoint(self, customer: Customer, severity: float) -> None:
        """Something went badly, 0 to 1: the mood sinks, and this may have been once too often."""
        customer.mood = max(-1.0, customer.mood - severity)
        if customer.shopping and self._world.chance(severity * customer.sensitivity * 1.4):
            self.leave(customer)

    def bought(self, customer: Customer) -> None:
        """After a purchase: the mood calms down, and some have all they need."""
        customer.orders += 1
        customer.mood += 0.15 * (0.2 - customer.mood)
        if self._world.chance(customer.dropout * exp(-1.2 * customer.mood)):
            self.leave(customer)
        elif customer.guest and customer.orders > 1:
            self._sign_up(customer)

    def leave(self, customer: Customer) -> None:
        """They shop no more, unless they can be won back; a few want to be forgotten."""
        random = self._world.random
        customer.shopping = False
        if self._world.chance(0.01):
            self._world.after(random.random() * 20 * DAY, self._erase, customer)
        elif self._world.chance(0.5):
            self._world.after((55 + 40 * random.random()) * DAY, self._contact, customer)

    def come_back(self, customer: Customer) -> None:
        """They shop again."""
        customer.shopping = True
        customer.mood = max(customer.mood, 0.0)
        customer.chain += 1
        self._plan_visit(customer)

    def _contact(self, customer: Customer) -> None:
        if customer.shopping:
            return
        self._world.say("customer.contacted", customer, action_id=self._world.new_id("a"))
        if self._world.chance(0.12 * (1 + customer.mood)):
            self._world.after(self._world.random.random() * 3 * DAY, self.come_back, customer)

    def _sign_up(self, customer: Customer) -> None:
        """A guest opens an account: from now on they go by its name."""
        account = f"c{customer.id[1:]}"
        self._world.say("customer.merged", customer, into=account)
        customer.id = account
        customer.guest = False

    def _erase(self, customer: Customer) -> None:
        self._world.say("customer.erased", customer)
        customer.erased = True
