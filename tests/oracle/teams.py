"""Numbers by the team of tickets, and customers who come back with another ticket, computed naively."""

from collections.abc import Iterator

from tests.oracle.customer import Customer
from tests.oracle.feedback import answers
from tests.oracle.support import ended_within, sla_kinds
from tests.oracle.targets import decisions
from tests.oracle.tickets import Ticket, all_tickets, tickets_of
from tests.oracle.values import HOUR, RESOLVED, Expected, Paragraph, elapsed, quantiles, ratio
from tests.oracle.world import World

WEEK = 168 * HOUR


def by_team(world: World) -> Iterator[tuple[str, list[Ticket]]]:
    """Yield each team with its tickets: "counted by name; others are `other`, none `unknown`".

    The team is the latest.
    """
    named = tuple(getattr(world.definitions, "teams", ()))
    if not named:
        return
    tickets = [(ticket, ticket.team) for ticket in all_tickets(world)]
    for team in (*named, "other", "unknown"):
        yield team, [ticket for ticket, name in tickets if counted_as(named, name) == team]


def counted_as(named: tuple[str, ...], team: str | None) -> str:
    """Return the label of a team."""
    if team is None:
        return "unknown"
    return team if team in named else "other"


def teams(world: World) -> Paragraph:
    """Yield response and resolution times, breaches, open tickets and satisfaction by team.

    "`retention_team_first_response_seconds` (human), `retention_team_resolution_seconds` (full),
    `retention_team_sla_breach_ratio`, `retention_team_tickets` (not solved or closed),
    `retention_team_csat_ratio` (answers whose ticket counts)." "Durations by channel and team are calendar
    only."
    """
    csat = [one for customer in world.customers for one in scores(customer)]
    for team, tickets in by_team(world):
        open_tickets = sum(ticket.status not in RESOLVED for ticket in tickets)
        yield "retention_team_tickets", {"team": team}, Expected(open_tickets)
        mine = set(tickets)
        decided = [decision for ticket in tickets for decision in decisions(world, ticket)]
        for name, within in world.spans(minutes=False):
            labels = {"window": name, "team": team}
            moments = {
                "first_response": lambda ticket: ticket.response("human"),
                "resolution": lambda ticket: ticket.full_resolution,
            }
            for metric, moment in moments.items():
                ended = ended_within(within, tickets, moment)
                for q, value in quantiles([elapsed(one.begin, one.end) for one in ended]):
                    yield f"retention_team_{metric}_seconds", {**labels, "quantile": q}, value
            for kind in sla_kinds(world):
                outcomes = [breached for which, at, breached in decided if which == kind and within(at)]
                breaches = ratio(sum(outcomes), len(outcomes))
                yield "retention_team_sla_breach_ratio", {**labels, "sla": kind}, breaches
            given = [score >= 4 for ticket, at, score in csat if ticket in mine and within(at)]
            yield "retention_team_csat_ratio", labels, ratio(sum(given), len(given))


def scores(customer: Customer) -> list[tuple[Ticket, int, int]]:
    """Return ticket, time and score of each `csat` answer whose ticket counts."""
    tickets = {ticket.opened["ticket_id"]: ticket for ticket in tickets_of(customer)}
    return [
        (tickets[answer["ticket_id"]], answer["at"], answer["score"])
        for answer in answers(customer, "csat")
        if answer.get("ticket_id") in tickets
    ]


def repeat_contact(world: World) -> Paragraph:
    """Yield the shares of resolved tickets after which the customer came back.

    "Fully resolved tickets followed, within 7 days, by another that the customer opened / fully resolved
    tickets, by the hour 7 days after the resolution."

    Decided: a ticket opened at the instant of the resolution does not follow it; one 7 days later does.
    """
    resolved = []
    for customer in world.customers:
        opened = [ticket for ticket in tickets_of(customer) if ticket.by_customer]
        for ticket in tickets_of(customer):
            end = ticket.full_resolution
            if end is not None:
                later = [other for other in opened if other is not ticket and end < other.at <= end + WEEK]
                resolved.append((end + WEEK, bool(later)))
    for name, within in world.spans(minutes=False):
        followed = [came_back for time, came_back in resolved if within(time)]
        yield "retention_repeat_contact_ratio", {"window": name}, ratio(sum(followed), len(followed))
