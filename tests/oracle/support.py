"""Response times, resolutions, open tickets and SLA targets, computed naively."""

import math
from collections.abc import Callable
from typing import NamedTuple

from tests.oracle.policies import clocks, duration, has_next_response
from tests.oracle.targets import decisions, undecided
from tests.oracle.tickets import Ticket, all_tickets, every_ticket_of
from tests.oracle.turns import turns
from tests.oracle.values import (
    MINUTE,
    PRIORITIES,
    RESOLVED,
    Expected,
    Paragraph,
    elapsed,
    mean,
    quantiles,
    ratio,
)
from tests.oracle.world import World

OPEN_STATUSES = ("open", "pending", "on_hold")
SLA_KINDS = ("first_response", "first_human_response", "resolution", "promise")
REASONS = ("spam", "deleted", "merged", "test", "other")


class Ended(NamedTuple):
    """What ended in a window: a ticket, and the start and end of a duration, microseconds."""

    ticket: Ticket
    begin: int
    end: int


def by_priority(world: World, metric: str, labels: dict[str, str], ended: list[Ended]) -> Paragraph:
    """Yield a metric's quantiles and mean in seconds, by the priority in force at the end, for each clock."""
    for clock in clocks(world):
        times = [(one.ticket.priority_at(one.end), duration(world, clock, *one)) for one in ended]
        for priority in ("all", *PRIORITIES):
            chosen = [time for in_force, time in times if priority in ("all", in_force)]
            yield from durations(metric, {**labels, **clock, "priority": priority}, chosen)


def durations(metric: str, labels: dict[str, str], values: list[int]) -> Paragraph:
    """Yield a metric's quantiles and mean in seconds, given durations in microseconds."""
    for q, value in quantiles(values):
        yield f"{metric}_seconds", {**labels, "quantile": q}, value
    exact = mean(values)
    yield f"{metric}_mean_seconds", labels, Expected(exact.value / 1e6)


def ended_within(
    within: Callable[[int], bool], tickets: list[Ticket], moment: Callable[[Ticket], int | None]
) -> list[Ended]:
    """Return the tickets in which something ended in a window, with the time since the opening."""
    ends = [(ticket, moment(ticket)) for ticket in tickets]
    return [Ended(ticket, ticket.at, end) for ticket, end in ends if end is not None and within(end)]


def first_response(world: World) -> Paragraph:
    """Yield first response times, in the window of the response.

    "First response `by="any"`: the earliest public reply of an agent or a bot (an acknowledgement counts),
    `by="human"` of an agent. Tickets opened by an agent have no first response. Deadline told: over tickets
    first answered (any) in the window. Durations below zero count as zero, and belong to when they ended."
    """
    tickets = all_tickets(world)
    for name, within in world.spans(minutes=True):
        for by in ("any", "human"):
            ended = ended_within(within, tickets, lambda t, by=by: t.response(by))
            labels = {"window": name, "by": by}
            yield from by_priority(world, "retention_first_response", labels, ended)
        answered = [t for t in tickets if t.response("human") is not None and within(t.response("human"))]
        for channel in world.channels:
            chosen = [t for t in answered if world.channel(t.opened) == channel]
            for q, value in quantiles([elapsed(t.at, t.response("human")) for t in chosen]):
                labels = {"window": name, "channel": channel, "quantile": q}
                yield "retention_channel_first_response_seconds", labels, value
    for name, within in world.spans(minutes=False):
        answered = [t for t in tickets if t.response("any") is not None and within(t.response("any"))]
        with_promise = [ticket for ticket in answered if ticket.promises]
        yield "retention_deadline_told_ratio", {"window": name}, ratio(len(with_promise), len(answered))


def resolution(world: World) -> Paragraph:
    """Yield resolution times, and shares of the resolved tickets.

    "Full resolution: the moment the ticket last went from unresolved to resolved (`solved` then `closed` is
    one resolution). Reopened, transferred and bot-only ratios: over tickets fully resolved in the window."
    """
    tickets = all_tickets(world)
    moments = {"first": lambda t: t.first_resolution, "full": lambda t: t.full_resolution}
    for name, within in world.spans(minutes=True):
        for kind, moment in moments.items():
            labels = {"window": name, "kind": kind}
            ended = ended_within(within, tickets, moment)
            yield from by_priority(world, "retention_resolution", labels, ended)
    for name, within in world.spans(minutes=False):
        resolved = [t for t in tickets if t.full_resolution is not None and within(t.full_resolution)]
        labels = {"window": name}
        for q, value in quantiles([ticket.wait for ticket in resolved]):
            yield "retention_requester_wait_seconds", {**labels, "quantile": q}, value
        shares = {
            "retention_reopened_ratio": [t for t in resolved if t.reopened],
            "retention_transferred_ratio": [t for t in resolved if t.transfers],
            "retention_bot_only_ratio": [t for t in resolved if t.bot_only],
        }
        for metric, chosen in shares.items():
            yield metric, labels, ratio(len(chosen), len(resolved))


def open_tickets(world: World) -> Paragraph:
    """Yield the numbers of open and of unanswered tickets.

    "Unanswered (any, human): opened by a customer, no such response, not solved or closed."
    """
    unresolved = [ticket for ticket in all_tickets(world) if ticket.status not in RESOLVED]
    for priority in PRIORITIES:
        mine = [ticket for ticket in unresolved if ticket.priority == priority]
        for status in OPEN_STATUSES:
            labels = {"status": status, "priority": priority}
            yield "retention_tickets", labels, Expected(sum(ticket.status == status for ticket in mine))
        for by in ("any", "human"):
            waiting = [t for t in mine if t.by_customer and t.response(by) is None]
            labels = {"by": by, "priority": priority}
            yield "retention_tickets_unanswered", labels, Expected(len(waiting))
    waiting = [t.at for t in unresolved if t.by_customer and t.response("human") is None]
    oldest = min(waiting) / 1e6 if waiting else math.nan
    yield "retention_oldest_unanswered_ticket_timestamp_seconds", {}, Expected(oldest)


def next_response(world: World) -> Paragraph:
    """Yield the times of agents' answers in a conversation, of turns that an answer ended in the window.

    Decided: a turn that a resolution ended has no such time.
    """
    if not has_next_response(world.definitions):
        return
    answered = [
        Ended(ticket, turn.begin, turn.end)
        for ticket in all_tickets(world)
        for turn in turns(ticket)
        if turn.answered
    ]
    for name, within in world.spans(minutes=True):
        for clock in clocks(world):
            times = [duration(world, clock, *one) for one in answered if within(one.end)]
            yield from durations("retention_next_response", {"window": name, **clock}, times)


def sla_kinds(world: World) -> tuple[str, ...]:
    """Return the kinds of targets; `next_response` "if any such target exists"."""
    return (*SLA_KINDS, "next_response") if has_next_response(world.definitions) else SLA_KINDS


def sla(world: World) -> Paragraph:
    """Yield breach ratios and the numbers of targets that are due soon; a paused one has no due time.

    "Ratio = breached / decided, over decisions in the window." Decided: a target is due soon if it is
    not decided at `now` and its due time is in the event minutes `M ... M+119`.
    """
    tickets = all_tickets(world)
    decided = [
        (kind, ticket.priority_at(at), at, breached)
        for ticket in tickets
        for kind, at, breached in decisions(world, ticket)
    ]
    for name, within in world.spans(minutes=True):
        for priority in ("all", *PRIORITIES):
            for kind in sla_kinds(world):
                outcomes = [
                    breached
                    for which, in_force, at, breached in decided
                    if which == kind and priority in ("all", in_force) and within(at)
                ]
                labels = {"window": name, "sla": kind, "priority": priority}
                yield "retention_sla_breach_ratio", labels, ratio(sum(outcomes), len(outcomes))
    for priority in PRIORITIES:
        due = [goal for t in tickets if t.priority == priority for goal in undecided(world, t)]
        for kind in sla_kinds(world):
            soon = [at for which, at in due if which == kind and at // MINUTE < world.now // MINUTE + 120]
            labels = {"sla": kind, "priority": priority, "within": "2h"}
            yield "retention_tickets_due", labels, Expected(len(soon))


def withdrawn(world: World) -> Paragraph:
    """Yield the numbers of withdrawn tickets by reason: "`spam` `deleted` `merged` `test`, else `other`".

    Decided: a withdrawal counts in its own hour, once its ticket is known.
    """
    every = [ticket for customer in world.customers for ticket in every_ticket_of(customer)]
    held = [ticket.withdrawal for ticket in every if ticket.withdrawal]
    for name, within in world.spans(minutes=False):
        reasons = [event.get("reason") for event in held if within(event["at"])]
        reasons = [reason if reason in REASONS else "other" for reason in reasons]
        for reason in REASONS:
            labels = {"window": name, "reason": reason}
            yield "retention_tickets_withdrawn", labels, Expected(reasons.count(reason))
