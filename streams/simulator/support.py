"""Support tickets and their conversations.

Response times are not drawn at random. A ticket waits in the queue of `streams.simulator.support_desk` until
an agent is free. This module decides what the agent and the customer do then.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

from streams.simulator.customers import Customer
from streams.simulator.engine import timestamp
from streams.simulator.fulfilment import Order
from streams.simulator.seasons import DAY, HOUR, MINUTE
from streams.simulator.shifts import Shifts
from streams.simulator.support_desk import SupportDesk

if TYPE_CHECKING:
    from streams.simulator.shop import Shop

#: Priority -> seconds within which customers expect a human response.
EXPECTED: Final = {"urgent": HOUR, "high": 4 * HOUR, "normal": 24 * HOUR, "low": 48 * HOUR}
_RESOLVED_WITHIN: Final = {"urgent": 8 * HOUR, "high": DAY, "normal": 3 * DAY, "low": 7 * DAY}
_RANK: Final = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
#: Priorities of 25 tickets.
_PRIORITIES = ("low",) * 5 + ("normal",) * 15 + ("high",) * 4 + ("urgent",)
_CHANNELS = ("email", "email", "email", "chat", "chat", "web", "phone", "app", "social")
_TEAMS = ("logistics", "billing", "returns", "tier-2")
_CATEGORIES = ("delivery", "payment", "product", "account", "other")
_AGENTS = 12
_ANSWERED_BY_BOTS: Final = frozenset({"email", "chat", "web", "app"})
_MOST_REOPENINGS = 2
_MOST_TRANSFERS = 2


@dataclass(slots=True, eq=False)
class Ticket:
    """One support ticket.

    Attributes:
        id: ticket id.
        customer: the customer.
        priority: low, normal, high or urgent.
        channel: channel of the conversation.
        opened: opening time, seconds since the epoch.
        attended: time from which agents work on it, seconds since the epoch.
        expected: time by which the customer expects a response, seconds since the epoch.
        status: current status.
        answered: whether the customer has got a response.
        slow: whether the response came later than expected.
        transfers: number of transfers to another team.
        reopenings: number of times the ticket was reopened.
    """

    id: str
    customer: Customer
    priority: str
    channel: str
    opened: float
    attended: float
    expected: float
    status: str = "open"
    answered: bool = False
    slow: bool = False
    transfers: int = 0
    reopenings: int = 0


class Support:
    """Receives and processes tickets.

    Args:
        shop: the shop.
        shifts: when agents work. Customers count their waiting from the next shift.
        expected_tickets_a_day: tickets a day for which the first shift is staffed.

    Attributes:
        support_desk: the queue and its agents.
    """

    def __init__(self, shop: "Shop", shifts: Shifts, expected_tickets_a_day: float) -> None:
        self._shop = shop
        self._world = shop.world
        self._random = shop.world.random
        self._shifts = shifts
        self.support_desk = SupportDesk(
            shop.world, shifts, self._work_on, expected_handlings_a_day=2.0 * expected_tickets_a_day
        )

    def ask_for_parcel(self, order: Order) -> None:
        """Open a ticket about a late parcel, unless it has arrived."""
        if not order.delivered and not order.cancelled:
            self.contact(order.customer, order, "high" if self._world.chance(0.4) else "normal")

    def contact(self, customer: Customer, order: Order | None, priority: str | None = None) -> None:
        """Open a ticket.

        Args:
            customer: the customer.
            order: the order that the ticket is about.
            priority: priority of the ticket; None draws one.
        """
        if priority is None:
            priority = self._world.pick(_PRIORITIES)
        ticket = self._new_ticket(customer, priority, self._world.pick(_CHANNELS))
        by_agent = self._world.chance(0.03)
        fields: dict[str, object] = {"priority": priority, **_subject_of(ticket)}
        if order is not None:
            fields["order_id"] = order.id
        if by_agent:
            fields["opened_by"] = "agent"
        self.emit(ticket, "opened", **fields)
        self._receive(ticket, by_agent=by_agent)
        self._shop.corrections.after_contact(ticket)

    def _new_ticket(self, customer: Customer, priority: str, channel: str) -> Ticket:
        return Ticket(
            id=self._world.new_id("t"),
            customer=customer,
            priority=priority,
            channel=channel,
            opened=self._world.now,
            attended=(attended := self._shifts.attended(self._world.now)),
            expected=attended + EXPECTED[priority],
        )

    def open_junk(self, customer: Customer) -> Ticket:
        """Open a ticket by mistake or as spam, which no agent handles."""
        ticket = self._new_ticket(customer, "normal", "web")
        self.emit(ticket, "opened", priority=ticket.priority)
        return ticket

    def restore(self, ticket: Ticket) -> None:
        """Restore a ticket that was withdrawn by mistake, and put it into the queue."""
        self.emit(ticket, "restored")
        self._queue(ticket)

    def change_priority(self, ticket: Ticket, priority: str) -> None:
        """Change the priority of a ticket, and its place in the queue."""
        ticket.priority = priority
        self.emit(ticket, "updated", priority=priority)
        self.support_desk.move(_RANK[priority], ticket)

    def emit(self, ticket: Ticket, what: str, **fields: object) -> None:
        """Emit an event of a ticket, without `ticket.` in its type."""
        self._world.emit(
            f"ticket.{what}", ticket.customer, channel=ticket.channel, ticket_id=ticket.id, **fields
        )

    def _receive(self, ticket: Ticket, *, by_agent: bool) -> None:
        if not by_agent:
            self._world.at(ticket.expected, self._check_expectation, ticket)
        if ticket.channel in _ANSWERED_BY_BOTS and not by_agent:
            seconds = 3 + 20 * self._random.random()
            if self._world.chance(0.08):
                self._world.after(seconds, self._bot_answers, ticket)
                return
            self._world.after(seconds, self._bot_acknowledges, ticket)
        self._queue(ticket)
        patience = DAY + self._random.expovariate(1 / (5 * DAY))
        self._world.at(ticket.attended + patience, self._give_up, ticket)

    def _queue(self, ticket: Ticket) -> None:
        self.support_desk.put(_RANK[ticket.priority], ticket)

    def _bot_acknowledges(self, ticket: Ticket) -> None:
        fields: dict[str, object] = {}
        if self._world.chance(0.4):
            due = ticket.attended + _RESOLVED_WITHIN[ticket.priority]
            fields["promised_at"] = timestamp(int(due * 1000))
        self.emit(ticket, "replied", author="bot", **fields)

    def _bot_answers(self, ticket: Ticket) -> None:
        self.emit(ticket, "replied", author="bot")
        ticket.answered = True
        self._world.after(90 + 60 * self._random.random(), self._solve, ticket)

    def _check_expectation(self, ticket: Ticket) -> None:
        """Handle the time by which a response was expected."""
        if ticket.answered or ticket.status in ("solved", "closed"):
            return
        ticket.slow = True
        self._shop.customers.disappoint(ticket.customer, 0.7)
        if self._world.chance(0.4):
            self.emit(ticket, "replied", author="customer")

    def _give_up(self, ticket: Ticket) -> None:
        """Close a ticket that got no response for days, at the customer's request."""
        if ticket.answered or ticket.status != "open":
            return
        self.emit(ticket, "replied", author="customer")
        self._set(ticket, "closed")
        self._shop.customers.disappoint(ticket.customer, 0.7)

    def _work_on(self, ticket: Ticket) -> bool:
        """Handle a ticket as an agent; return False if there was nothing to do."""
        if ticket.status in ("solved", "closed", "pending"):
            return False
        if self._world.chance(0.08):
            self.emit(ticket, "replied", author="agent", agent=self._agent_of(ticket), public=False)
        if ticket.transfers < _MOST_TRANSFERS and self._world.chance(0.08):
            ticket.transfers += 1
            team = self._world.pick(_TEAMS)
            self.emit(ticket, "transferred", to=team)
            self.emit(ticket, "updated", team=team)
            self._queue(ticket)
            return True
        self._answer(ticket)
        return True

    def _answer(self, ticket: Ticket) -> None:
        self.emit(ticket, "replied", author="agent", agent=self._agent_of(ticket))
        if not ticket.answered:
            ticket.answered = True
            if not ticket.slow:
                self._shop.customers.please(ticket.customer, 0.1)
        if self._world.chance(0.3):
            self._set(ticket, "pending")
            quick = ticket.channel in ("chat", "phone")
            self._world.after(
                self._world.lognormal(3 * MINUTE if quick else 4 * HOUR, 0.8), self._customer_replies, ticket
            )
        elif self._world.chance(0.09):
            self._set(ticket, "on_hold")
            self._world.after(self._world.lognormal(DAY, 0.5), self._resume, ticket)
        else:
            self._solve(ticket)

    def _set(self, ticket: Ticket, status: str) -> None:
        if ticket.status != status:
            ticket.status = status
            self.emit(ticket, "status_changed", status=status)

    def _customer_replies(self, ticket: Ticket) -> None:
        if ticket.status != "pending":
            return
        if self._world.chance(0.12):
            self._world.after(2 * DAY, self._solve, ticket)
            return
        self.emit(ticket, "replied", author="customer")
        self._resume(ticket)

    def _resume(self, ticket: Ticket) -> None:
        self._set(ticket, "open")
        self._queue(ticket)

    def _solve(self, ticket: Ticket) -> None:
        if ticket.status in ("solved", "closed"):
            return
        self._set(ticket, "solved")
        if self._world.chance(0.22):
            delay = self._world.lognormal(2 * HOUR, 0.8)
            self._world.after(delay, self._rate, ticket)
        unhappy = 0.06 + 0.06 * (ticket.customer.mood < 0)
        if ticket.reopenings < _MOST_REOPENINGS and self._world.chance(unhappy):
            self._world.after(self._random.expovariate(1 / DAY), self._reopen, ticket)
        else:
            self._world.after(4 * DAY, self._close, ticket)

    def _rate(self, ticket: Ticket) -> None:
        self._shop.feedback.after_ticket(ticket.customer, ticket.id, slow=ticket.slow)

    def _reopen(self, ticket: Ticket) -> None:
        """Reopen a ticket that was not solved."""
        if ticket.status != "solved":
            return
        ticket.reopenings += 1
        self._shop.customers.disappoint(ticket.customer, 0.2)
        self.emit(ticket, "replied", author="customer")
        self._resume(ticket)

    def _close(self, ticket: Ticket) -> None:
        if ticket.status == "solved":
            self._set(ticket, "closed")

    @staticmethod
    def _agent_of(ticket: Ticket) -> str:
        """Return the agent who handles a ticket."""
        return f"agent-{crc32(ticket.id.encode()) % _AGENTS:02}"


def _subject_of(ticket: Ticket) -> dict[str, object]:
    """Return the team and category of two of three tickets; the others are not sorted when they arrive."""
    number = crc32(ticket.id.encode())
    if number % 3 == 0:
        return {}
    return {
        "team": _TEAMS[number // 3 % len(_TEAMS)],
        "category": _CATEGORIES[number // 7 % len(_CATEGORIES)],
    }
