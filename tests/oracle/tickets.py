"""Tickets, computed naively."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from tests.oracle.customer import Customer
from tests.oracle.values import RESOLVED, Event, claim, elapsed, last, once, what_holds
from tests.oracle.world import World


@dataclass(eq=False)
class Ticket:
    """A ticket: the winning `ticket.opened` and all events that name its id. Times are in microseconds.

    Attributes:
        updates: every `ticket.updated`.
        withdrawal: the withdrawal that holds, None for a ticket that counts.
        policies: priority -> policy, as far as they have been looked up.
    """

    customer: Customer
    opened: Event
    replies: list[Event]
    changes: list[Event]
    transfers: list[Event]
    updates: list[Event]
    withdrawal: Event | None
    policies: dict[str, Any] = field(default_factory=dict)

    @property
    def at(self) -> int:
        """Return the opening time: "the earliest `ticket.opened`"."""
        return self.opened["at"]

    @cached_property
    def priorities(self) -> list[tuple[int, str]]:
        """Return (begin, priority) by claim, "the winning `ticket.opened` included".

        "Before the opening, the opening's": what an earlier update says is never in force.
        """
        opening = self.opened | {"priority": self.opened.get("priority") or "normal"}
        updates = [update for update in self.updates if update.get("priority")]
        later = [update for update in updates if claim(update) > claim(opening)]
        return [(event["at"], event["priority"]) for event in sorted([opening, *later], key=claim)]

    def priority_at(self, time: int) -> str:
        """Return the priority in force: "that of the latest such event up to and including t"."""
        return [p for since, p in self.priorities if since <= max(time, self.at)][-1]

    @property
    def priority(self) -> str:
        """Return the priority in force now."""
        return self.priorities[-1][1]

    @property
    def by_customer(self) -> bool:
        """Return whether the customer opened it. "Tickets opened by an agent have no first response." """
        return (self.opened.get("opened_by") or "customer") == "customer"

    def answers(self, *authors: str) -> list[Event]:
        """Return the public replies of these authors; a reply without `public` is public."""
        return [r for r in self.replies if r["author"] in authors and r.get("public") is not False]

    def response(self, by: str) -> int | None:
        """Return the time of the first response, None without one.

        "`by="any"`: the earliest public reply of an agent or a bot, `by="human"` of an agent."
        """
        if not self.by_customer:
            return None
        authors = ("agent", "bot") if by == "any" else ("agent",)
        return min((reply["at"] for reply in self.answers(*authors)), default=None)

    @cached_property
    def walk(self) -> list[tuple[int, str]]:
        """Return (begin, status) of each status, by claim. "A ticket starts `open`." """
        changes = sorted(self.changes, key=claim)
        return [(self.at, "open"), *((change["at"], change["status"]) for change in changes)]

    @cached_property
    def spans(self) -> list[tuple[int, int | None, str]]:
        """Return [begin, end) and status from the opening on; the last one has no end."""
        begins = [max(self.at, since) for since, _ in self.walk]
        return list(zip(begins, [*begins[1:], None], [status for _, status in self.walk], strict=True))

    @property
    def team(self) -> str | None:
        """Return the latest team."""
        return self.latest("team")

    def latest(self, field: str) -> str | None:
        """Return the value of a field now: "of each field the latest event that has it counts"."""
        named = last([event for event in (self.opened, *self.updates) if event.get(field) is not None])
        return named[field] if named else None

    @property
    def status(self) -> str:
        """Return the latest status."""
        return self.walk[-1][1]

    @property
    def first_resolution(self) -> int | None:
        """Return the first resolution: "the earliest `solved` or `closed`"."""
        return min((change["at"] for change in self.changes if change["status"] in RESOLVED), default=None)

    @cached_property
    def full_resolution(self) -> int | None:
        """Return the time of the full resolution, None without one.

        "While the latest status is one of these: the moment the ticket last went from unresolved to
        resolved."
        """
        if self.status not in RESOLVED:
            return None
        moment = None
        for (_, before), (time, after) in pairwise(self.walk):
            if before not in RESOLVED and after in RESOLVED:
                moment = time
        return moment

    @property
    def reopened(self) -> bool:
        """Return whether the ticket "went from resolved to unresolved"."""
        statuses = [status in RESOLVED for _, status in self.walk]
        return any(before and not after for before, after in pairwise(statuses))

    @property
    def wait(self) -> int:
        """Return the requester wait: "the time in `open` or `on_hold` until full resolution".

        Decided: it begins at the opening; time before the opening counts as zero.
        """
        waited = 0
        for (since, status), (until, _) in pairwise(self.walk):
            ends = min(until, self.full_resolution)
            if status in ("open", "on_hold"):
                waited += elapsed(max(since, self.at), ends)
        return waited

    @property
    def bot_only(self) -> bool:
        """Return whether the ticket has "a bot's public reply and no agent's"."""
        return bool(self.answers("bot")) and not self.answers("agent")

    @property
    def promises(self) -> list[Event]:
        """Return the replies for "deadline told": public, of an agent or bot, with `promised_at`."""
        return [reply for reply in self.answers("agent", "bot") if reply.get("promised_at")]


@once
def every_ticket_of(customer: Customer) -> list[Ticket]:
    """Return the known tickets, withdrawn ones too. "What names a ticket that is not known waits for it." """
    replies = customer.about("ticket_id", "ticket.replied")
    changes = customer.about("ticket_id", "ticket.status_changed")
    transfers = customer.about("ticket_id", "ticket.transferred")
    updates = customer.about("ticket_id", "ticket.updated")
    withdrawn = customer.about("ticket_id", "ticket.withdrawn", "ticket.restored")
    return [
        Ticket(
            customer,
            min(claims, key=claim),
            replies[key],
            changes[key],
            transfers[key],
            updates[key],
            withdrawal_that_holds(withdrawn[key]),
        )
        for key, claims in customer.about("ticket_id", "ticket.opened").items()
    ]


def withdrawal_that_holds(events: list[Event]) -> Event | None:
    """Return the withdrawal, None if a restoration holds or there is neither."""
    held = what_holds(events)
    return held if held and held["type"] == "ticket.withdrawn" else None


@once
def tickets_of(customer: Customer) -> list[Ticket]:
    """Return the tickets that count: a withdrawn one counts "as if it had never been opened"."""
    return [ticket for ticket in every_ticket_of(customer) if ticket.withdrawal is None]


@once
def all_tickets(world: World) -> list[Ticket]:
    """Return the tickets of all customers."""
    return [ticket for customer in world.customers for ticket in tickets_of(customer)]
