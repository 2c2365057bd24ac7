"""The whole shop: its departments around one world, and what a busy day adds."""

from collections.abc import Iterator
from typing import Final

from streams.simulator.catalogue import Catalogue
from streams.simulator.customers import Customer, Customers
from streams.simulator.engine import Event, World
from streams.simulator.feedback import Feedback
from streams.simulator.fulfilment import Fulfilment
from streams.simulator.refunds import Refunds
from streams.simulator.scenarios import NORMAL, SCENARIOS, Causes
from streams.simulator.seasons import DAY
from streams.simulator.storefront import Storefront
from streams.simulator.support import Support

#: What a steady shop of one customer does a day, on average: sizes the first stock and the first shift.
_ORDERS_A_DAY = 0.01
_TICKETS_A_DAY = 0.002
#: Why people come in a rush, of 100 visits.
_RUSH_REASONS: Final = ("buy",) * 74 + ("help",) * 14 + ("recommend",) * 5 + ("review",) * 4 + ("refund",) * 3
#: Events that such a visit leads to within minutes, and how often it makes work for support.
_EVENTS_A_RUSH_VISIT = 1.75
_TOUCHES_A_RUSH_VISIT = 0.2
#: Lorries come so often, each with what sells until the next one and half as much again.
_LORRY_SECONDS = 120.0
_ITEMS_A_RUSH_VISIT = 0.9
_TRIES = 20


class Shop:
    """A shop from `start` on (seconds since the epoch), decided by its arguments alone.

    `key` distinguishes this run's ids from another's. `customers` come within 18 months, and then more.
    """

    def __init__(
        self, *, seed: int, start: float, customers: int, key: str, currencies: tuple[str, ...] = ("USD",)
    ) -> None:
        self.world = World(seed, start, key)
        self.catalogue = Catalogue(self.world, _ORDERS_A_DAY * customers)
        self.storefront = Storefront(self)
        self.fulfilment = Fulfilment(self)
        self.refunds = Refunds(self)
        self.feedback = Feedback(self)
        self.support = Support(self, _TICKETS_A_DAY * customers)
        self.customers = Customers(self, customers, currencies)
        self._rush_visits = 0.0

    def plan(self, scenario: str, since: float, until: float | None) -> None:
        """Run the shop by the causes of `scenario` from `since` to `until`, seconds since the epoch."""
        for turn in SCENARIOS[scenario].turns:
            self.world.at(since + turn.after_days * DAY, self._run_by, turn.causes)
        if until is not None:
            self.world.at(until, self._run_by, NORMAL)

    def _run_by(self, causes: Causes) -> None:
        self.world.causes = causes

    def run(self, until: float) -> Iterator[tuple[int, Event]]:
        """See `World.run`."""
        return self.world.run(until)

    def rush(self, since: float, events_a_second: float) -> None:
        """From `since` on, a day as busy as `events_a_second` asks for: a sale that everybody heard of.

        More people come, write and answer; how long an answer takes still follows from load and staff.
        """
        self.world.at(since, self._begin_rush, events_a_second)

    def _begin_rush(self, events_a_second: float) -> None:
        self.world.key = f"{self.world.key}-{int(self.world.now):x}"
        self._rush_visits = events_a_second / _EVENTS_A_RUSH_VISIT
        self._unload()
        self.support.desk.staff_for_rush(_TOUCHES_A_RUSH_VISIT * self._rush_visits)
        self._next_rush_visit()

    def _unload(self) -> None:
        self.catalogue.stock_up(1.5 * _ITEMS_A_RUSH_VISIT * self._rush_visits * _LORRY_SECONDS)
        self.world.after(_LORRY_SECONDS * self.world.causes.supply, self._unload)

    def _next_rush_visit(self) -> None:
        self.world.after(self.world.random.expovariate(self._rush_visits), self._next_rush_visit)
        if self.world.chance(0.06 * self.world.causes.arrivals):
            self.customers.arrive()
        elif (customer := self._somebody()) is not None:
            self._rush_visit(customer)

    def _somebody(self) -> Customer | None:
        """One who still shops, or rarely one who is back for the sale."""
        for _ in range(_TRIES if self.customers.everybody else 0):
            customer = self.world.pick(self.customers.everybody)
            if customer.shopping and not customer.erased:
                return customer
            if not customer.erased and self.world.chance(0.04):
                self.customers.come_back(customer)
                return customer
        return None

    def _rush_visit(self, customer: Customer) -> None:
        order = customer.last_order
        reason = self.world.pick(_RUSH_REASONS)
        if reason == "help":
            self.support.contact(customer, order)
        elif reason == "buy" or order is None:
            self.storefront.browse(customer)
        elif reason == "recommend":
            self.feedback.answer_nps(customer)
        elif reason == "review":
            self.feedback.review(order, faulty=False)
        else:
            self.refunds.request(order, "not wanted")
