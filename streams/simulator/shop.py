"""The shop: its departments on one engine, and the rush of a busy day."""

from collections.abc import Iterator
from typing import Final

from models.definitions.schedules import Schedule
from streams.simulator.catalogue import Catalogue
from streams.simulator.corrections import Corrections
from streams.simulator.customers import Customer, Customers
from streams.simulator.engine import Event, World
from streams.simulator.feedback import Feedback
from streams.simulator.fulfilment import Fulfilment
from streams.simulator.refunds import Refunds
from streams.simulator.residence import Residence
from streams.simulator.scenarios import NORMAL, SCENARIOS, Conditions
from streams.simulator.seasons import DAY
from streams.simulator.shifts import OfficeHours, RoundTheClock
from streams.simulator.storefront import Storefront
from streams.simulator.support import Support

#: Mean orders and tickets a day for each customer; they size the first stock and the first shift.
_ORDERS_A_DAY = 0.01
_TICKETS_A_DAY = 0.002
#: Reasons of 100 visits in a rush.
_RUSH_REASONS: Final = ("buy",) * 74 + ("help",) * 14 + ("recommend",) * 5 + ("review",) * 4 + ("refund",) * 3
#: Events within minutes, and replies of support agents, for each visit in a rush.
_EVENTS_A_RUSH_VISIT = 1.75
_REPLIES_A_RUSH_VISIT = 0.2
#: Seconds between two deliveries in a rush; each covers 1.5 times the demand until the next one.
_DELIVERY_SECONDS = 120.0
_ITEMS_A_RUSH_VISIT = 0.9
#: Attempts to draw a customer who still shops.
_MAX_DRAWS = 20


class Shop:
    """A simulated shop; its arguments determine every event.

    Args:
        seed: seed of the random generator.
        start: opening of the shop, seconds since the epoch.
        customers: customers who come within the first 18 months.
        key: part of every id, which distinguishes the ids of different simulations.
        currencies: currencies; the first ones are the most frequent.
        hours: hours in which support agents work. None: at any hour.

    Attributes:
        world: clock, random generator and scheduled actions.
    """

    def __init__(
        self,
        *,
        seed: int,
        start: float,
        customers: int,
        key: str,
        currencies: tuple[str, ...] = ("USD",),
        hours: Schedule | None = None,
    ) -> None:
        self.world = World(seed, start, key)
        self.catalogue = Catalogue(self.world, _ORDERS_A_DAY * customers)
        self.storefront = Storefront(self)
        self.fulfilment = Fulfilment(self)
        self.refunds = Refunds(self)
        self.feedback = Feedback(self)
        shifts = RoundTheClock() if hours is None else OfficeHours(hours, start)
        self.support = Support(self, shifts, _TICKETS_A_DAY * customers)
        self.corrections = Corrections(self, seed)
        self.residence = Residence(self, seed)
        self.customers = Customers(self, customers, currencies)
        self._rush_visits = 0.0

    def plan(self, scenario: str, since: float, until: float | None) -> None:
        """Schedule a scenario.

        Args:
            scenario: key of `SCENARIOS`.
            since: begin of the scenario, seconds since the epoch.
            until: end of the scenario, seconds since the epoch; None is never.
        """
        for change in SCENARIOS[scenario].changes:
            self.world.at(since + change.after_days * DAY, self._set_conditions, change.conditions)
        if until is not None:
            self.world.at(until, self._set_conditions, NORMAL)

    def _set_conditions(self, conditions: Conditions) -> None:
        self.world.conditions = conditions

    def run(self, until: float) -> Iterator[tuple[int, Event]]:
        """Yield times and events up to `until`; see `World.run`."""
        return self.world.run(until)

    def rush(self, since: float, events_a_second: float) -> None:
        """Schedule a rush of visits, as in a sale.

        More customers visit, write and answer. Response times still follow from load and staff.

        Args:
            since: begin of the rush, seconds since the epoch.
            events_a_second: additional events a second.
        """
        self.world.at(since, self._begin_rush, events_a_second)

    def _begin_rush(self, events_a_second: float) -> None:
        self.world.key = f"{self.world.key}-{int(self.world.now):x}"
        self._rush_visits = events_a_second / _EVENTS_A_RUSH_VISIT
        self._receive_delivery()
        self.support.support_desk.staff_for_rush(_REPLIES_A_RUSH_VISIT * self._rush_visits)
        self._next_rush_visit()

    def _receive_delivery(self) -> None:
        self.catalogue.stock_up(1.5 * _ITEMS_A_RUSH_VISIT * self._rush_visits * _DELIVERY_SECONDS)
        self.world.after(_DELIVERY_SECONDS * self.world.conditions.supply, self._receive_delivery)

    def _next_rush_visit(self) -> None:
        self.world.after(self.world.random.expovariate(self._rush_visits), self._next_rush_visit)
        if self.world.chance(0.06 * self.world.conditions.arrivals):
            self.customers.arrive()
        elif (customer := self._draw_customer()) is not None:
            self._rush_visit(customer)

    def _draw_customer(self) -> Customer | None:
        """Return a random customer who still shops, or rarely one who returns for the sale."""
        for _ in range(_MAX_DRAWS if self.customers.all else 0):
            customer = self.world.pick(self.customers.all)
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
