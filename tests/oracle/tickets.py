"""Tickets and their SLA targets, computed naively."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tests.oracle.customer import Customer
from tests.oracle.values import RESOLVED, Event, claim, elapsed, last, microseconds, what_holds
from tests.oracle.world import World

SLA_KINDS = ("first_response", "first_human_response", "resolution", "promise")


@dataclass
class Ticket:
    """A ticket: the winning `ticket.opened` and all events that name its id. Times are in microseconds.

    Attributes:
        updates: every `ticket.updated`.
        withdrawal: the withdrawal that holds, None for a ticket that counts.
    """

    opened: Event
    replies: list[Event]
    changes: list[Event]
    transfers: list[Event]
    updates: list[Event]
    withdrawal: Event | None

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

    def goals(self) -> Iterator[tuple[str, int | None]]:
        """Yield kind and time of fulfilment (None without one) of each target.

        Decided: a ticket opened by an agent has no first response, so no such target.
        """
        yield "resolution", self.first_resolution
        if self.by_customer:
            yield "first_response", self.response("any")
            yield "first_human_response", self.response("human")
        if self.promises:
            yield "promise", self.first_resolution

    def due(self, world: World, kind: str, priority: str) -> int:
        """Return the due time with this priority: "due = opened + target", or "the promise told last"."""
        if kind == "promise":
            return microseconds(last(self.promises)["promised_at"])
        response, resolution = world.definitions.sla[priority]
        return self.at + (resolution if kind == "resolution" else response) * 1_000_000

    def first_due(self, world: World, kind: str) -> int | None:
        """Return "the first instant at which it is due" up to now, None if there is none.

        "At instant t a ticket is judged as if the priority in force at t had been its priority from the
        opening." The promise "was told to the customer", whatever the priority.
        """
        if kind == "promise":
            due = self.due(world, kind, self.priority)
            return due if due <= world.now else None
        ends = [since for since, _ in self.priorities[1:]] + [world.now + 1]
        for (since, priority), end in zip(self.priorities, ends, strict=True):
            instant = max(since, self.due(world, kind, priority))
            if instant < end:
                return instant
        return None

    def decisions(self, world: World) -> Iterator[tuple[str, int, bool]]:
        """Yield kind, time of the decision, and whether the target was breached.

        "A target is breached at the first instant at which it is due and not fulfilled."
        """
        for kind, fulfilled in self.goals():
            due = self.first_due(world, kind)
            if due is not None and (fulfilled is None or fulfilled > due):
                yield kind, due, True
            elif fulfilled is not None:
                yield kind, fulfilled, False

    def undecided(self, world: World) -> Iterator[tuple[str, int]]:
        """Yield kind and due time, by the priority in force now, of each target that is not decided."""
        decided = {kind for kind, _, _ in self.decisions(world)}
        for kind, _ in self.goals():
            if kind not in decided:
                yield kind, self.due(world, kind, self.priority)


def every_ticket_of(customer: Customer) -> list[Ticket]:
    """Return the known tickets, withdrawn ones too. "What names a ticket that is not known waits for it." """
    replies = customer.about("ticket_id", "ticket.replied")
    changes = customer.about("ticket_id", "ticket.status_changed")
    transfers = customer.about("ticket_id", "ticket.transferred")
    updates = customer.about("ticket_id", "ticket.updated")
    withdrawn = customer.about("ticket_id", "ticket.withdrawn", "ticket.restored")
    return [
        Ticket(min(claims, key=claim), replies[key], changes[key], transfers[key], updates[key], withdrawal)
        for key, claims in customer.about("ticket_id", "ticket.opened").items()
        for withdrawal in [withdrawal_that_holds(withdrawn[key])]
    ]


def withdrawal_that_holds(events: list[Event]) -> Event | None:
    """Return the withdrawal, None if a restoration holds or there is neither."""
    held = what_holds(events)
    return held if held and held["type"] == "ticket.withdrawn" else None


def tickets_of(customer: Customer) -> list[Ticket]:
    """Return the tickets that count: a withdrawn one counts "as if it had never been opened"."""
    return [ticket for ticket in every_ticket_of(customer) if ticket.withdrawal is None]


def all_tickets(world: World) -> list[Ticket]:
    """Return the tickets of all customers."""
    return [ticket for customer in world.customers for ticket in tickets_of(customer)]
