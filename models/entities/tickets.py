"""Tickets: derived from claims, and applied to the aggregates (docs/metrics.md, "Tickets")."""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from models.aggregation.aggregates import Aggregates, channels_of
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import US_PER_HOUR
from models.entities.reply_turns import ReplyTurn, reply_turns
from models.entities.ticket_clocks import TicketAspect, clock_aspects
from models.entities.ticket_corrections import PriorityChange, priority_changes, withdrawal
from models.entities.ticket_statuses import StatusPeriod, resolution
from models.facts.claims import (
    AGENT,
    CUSTOMER,
    SOLVED,
    STATUSES,
    WITHDRAWAL_REASONS,
    Opened,
    Replied,
    StatusChanged,
    TicketClaim,
    TicketWithdrawn,
    Transferred,
)


class Ticket(Struct, frozen=True, gc=False):
    """A ticket that was opened. Times are in microseconds, and None for what has not happened.

    Attributes:
        opened: time at which it was first opened.
        priority: priority in force now, index in `PRIORITIES`.
        by_agent: whether an agent opened it, so that it has no first response.
        channel: channel of the ticket.
        answered: time of the first public reply of an agent or a bot.
        answered_by_human: time of the first public reply of an agent.
        promise: deadline in the latest such reply that names one.
        status: latest status, index in `STATUSES`.
        first_resolution: time of the first `solved` or `closed`.
        full_resolution: time of the latest change from unresolved to resolved. None while it is unresolved.
        wait: total time in `open` or `on_hold`, microseconds.
        reopened: whether it was ever reopened.
        statuses: its statuses after the first `open`, up to and including the first resolution. Empty if it
            was never `pending` or `on_hold`.
        transferred: whether it was transferred.
        bot_only: whether a bot answered it, and no agent.
        priority_changes: every priority that was in force, the first one from the opening. Empty if the
            priority never changed.
        reply_turns: the turns of its conversation. Empty if no target needs them.
        team: team that it counts under, one of `teams_of`. None without configured teams.
        segments: its value for each segment of tickets.
        tier: loyalty tier by which its targets are chosen, index in `tiers_of`; 0 if no target has tiers.
    """

    opened: int
    priority: int
    by_agent: bool
    channel: str
    answered: int | None
    answered_by_human: int | None
    promise: int | None
    status: int
    first_resolution: int | None
    full_resolution: int | None
    wait: int
    reopened: bool
    statuses: tuple[StatusPeriod, ...]
    transferred: bool
    bot_only: bool
    priority_changes: tuple[PriorityChange, ...] = ()
    reply_turns: tuple[ReplyTurn, ...] = ()
    tier: int = 0
    team: str | None = None
    segments: tuple[str, ...] = ()

    @property
    def is_resolved(self) -> bool:
        """Whether the latest status is `solved` or `closed`."""
        return self.status >= SOLVED

    def priority_at(self, time: int) -> int:
        """Return the priority in force at a time (microseconds), index in `PRIORITIES`.

        Before the opening it is that of the opening.
        """
        if not self.priority_changes:
            return self.priority
        begun = [change.priority for change in self.priority_changes if change.since <= time]
        return begun[-1] if begun else self.priority_changes[0].priority


def derive(claims: Sequence[TicketClaim], *, with_turns: bool = False) -> Ticket | None:
    """Return the ticket that the claims of one `ticket_id` make.

    Args:
        claims: all claims about the ticket, in any order.
        with_turns: whether the turns of its conversation are needed.

    Returns:
        None if none of them opened it, or if it is withdrawn.
    """
    opened: Opened | None = None
    changes: list[StatusChanged] = []
    replies: list[Replied] = []
    corrections: list[TicketClaim] = []
    transferred = False
    for claim in claims:
        if isinstance(claim, Replied):
            replies.append(claim)
        elif isinstance(claim, StatusChanged):
            changes.append(claim)
        elif isinstance(claim, Transferred):
            transferred = True
        elif not isinstance(claim, Opened):
            corrections.append(claim)
        elif opened is None or (claim.time, claim.id) < (opened.time, opened.id):
            opened = claim
    if opened is None or (corrections and withdrawal(corrections) is not None):
        return None
    answered, human, promise = _responses(replies)
    ticket = Ticket(
        opened.time,
        opened.priority,
        opened.by_agent,
        opened.channel,
        answered,
        human,
        promise,
        *resolution(opened.time, changes),
        transferred,
        answered is not None and human is None,
        reply_turns=reply_turns(opened, replies, changes) if with_turns else (),
    )
    return _with_priorities(ticket, priority_changes(opened, corrections)) if corrections else ticket


def _with_priorities(ticket: Ticket, changes: tuple[PriorityChange, ...]) -> Ticket:
    """Return a ticket with the priorities that were in force, and the last one as the one of now."""
    return replace(
        ticket, priority=changes[-1].priority, priority_changes=changes if len(changes) > 1 else ()
    )


class _Responses(NamedTuple):
    """The fields of `Ticket` that follow from its replies."""

    answered: int | None
    answered_by_human: int | None
    promise: int | None


def _responses(replies: list[Replied]) -> _Responses:
    """Return what follows from the replies in a ticket."""
    answered: int | None = None
    human: int | None = None
    promise: Replied | None = None
    for reply in replies:
        if reply.public and reply.author != CUSTOMER:
            time = reply.time
            if answered is None or time < answered:
                answered = time
            if reply.author == AGENT and (human is None or time < human):
                human = time
            if reply.promised is not None and (
                promise is None or (reply.time, reply.id) > (promise.time, promise.id)
            ):
                promise = reply
    return _Responses(answered, human, promise.promised if promise is not None else None)


_OPENING_FIELDS = ("opened", "priority", "priority_changes", "by_agent", "channel")
_RESOLUTION_FIELDS = ("first_resolution", "full_resolution", "wait", "reopened", "transferred", "bot_only")


class TicketAggregator:
    """Applies tickets to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        duration, gauge = aggregates.duration, aggregates.gauge
        self._any = [duration("response_any", priority) for priority in PRIORITIES]
        self._human = [duration("response_human", priority) for priority in PRIORITIES]
        self._channels = {name: duration("response_channel", name) for name in channels_of(definitions)}
        self._first = [duration("resolution_first", priority) for priority in PRIORITIES]
        self._full = [duration("resolution_full", priority) for priority in PRIORITIES]
        self._wait = duration("wait")
        self._waits_any = [gauge("unanswered", "any", priority) for priority in PRIORITIES]
        self._waits_human = [gauge("unanswered", "human", priority) for priority in PRIORITIES]
        self._status = [
            [gauge("tickets", status, priority) for priority in PRIORITIES] for status in STATUSES
        ]
        self._pause = [
            {STATUSES.index(status) for status in definitions.sla_policies[priority].pause}
            for priority in PRIORITIES
        ]
        self._paused = [gauge("tickets_paused", priority) for priority in PRIORITIES]
        self._answered = aggregates.count("answered")
        self._promised = aggregates.count("told")
        self._resolved = aggregates.count("resolved")
        self._reopened = aggregates.count("reopened")
        self._transferred = aggregates.count("transferred")
        self._bot_only = aggregates.count("bot_only")
        self._withdrawn: dict[int, int] = {}
        self._aspects: list[TicketAspect] = [
            (attrgetter("status", "priority", "first_resolution"), self._add_status),
            (
                attrgetter(*_OPENING_FIELDS, "answered", "answered_by_human", "promise", "is_resolved"),
                self._add_responses,
            ),
            (attrgetter(*_OPENING_FIELDS, *_RESOLUTION_FIELDS), self._add_resolutions),
            *clock_aspects(aggregates, definitions),
        ]

    def add(self, ticket: Ticket) -> None:
        """Apply a ticket."""
        for _, add in self._aspects:
            add(ticket, 1)

    def replace(self, old: Ticket | None, new: Ticket | None) -> None:
        """Retract a ticket as it was, and apply it as it is. None: it was not opened.

        Most changes concern one of the aspects of a ticket, so each is compared by itself.
        """
        for aspect, add in self._aspects:
            before = None if old is None else aspect(old)
            now = None if new is None else aspect(new)
            if before != now:
                if old is not None:
                    add(old, -1)
                if new is not None:
                    add(new, 1)

    def add_withdrawal(self, claim: TicketWithdrawn, sign: int) -> None:
        """Apply the withdrawal of a ticket (`sign` 1), or retract it (-1).

        The series of a reason begins with its first withdrawal, so a shop without any sends none.
        """
        series = self._withdrawn.get(claim.reason)
        if series is None:
            series = self._aggregates.count("withdrawn", WITHDRAWAL_REASONS[claim.reason])
            self._withdrawn[claim.reason] = series
        self._aggregates.counts.cells_of_weight(sign).append(series + claim.time // US_PER_HOUR)

    def _add_status(self, ticket: Ticket, sign: int) -> None:
        if ticket.status < SOLVED:
            self._aggregates.gauges[self._status[ticket.status][ticket.priority]] += sign
            if ticket.first_resolution is None and ticket.status in self._pause[ticket.priority]:
                self._aggregates.gauges[self._paused[ticket.priority]] += sign

    def _add_responses(self, ticket: Ticket, sign: int) -> None:
        if ticket.by_agent:
            return
        aggregates, opened, priority = self._aggregates, ticket.opened, ticket.priority
        answered, human = ticket.answered, ticket.answered_by_human
        changed = ticket.priority_changes
        if answered is not None:
            aggregates.add_duration(
                self._any[ticket.priority_at(answered)], answered, answered - opened, sign
            )
            cells = aggregates.counts.cells_of_weight(sign)
            cells.append(self._answered + answered // US_PER_HOUR)
            if ticket.promise is not None:
                cells.append(self._promised + answered // US_PER_HOUR)
        elif not ticket.is_resolved:
            aggregates.gauges[self._waits_any[priority]] += sign
        if human is not None:
            channel = self._channels.get(ticket.channel)
            if channel is None:  # the configuration no longer names the channel
                channel = self._channels["other"]
            ended_under = ticket.priority_at(human) if changed else priority
            aggregates.add_duration(self._human[ended_under], human, human - opened, sign)
            aggregates.add_duration(channel, human, human - opened, sign)
        elif not ticket.is_resolved:
            aggregates.gauges[self._waits_human[priority]] += sign
            aggregates.add_unanswered(opened, sign)

    def _add_resolutions(self, ticket: Ticket, sign: int) -> None:
        aggregates, opened, priority = self._aggregates, ticket.opened, ticket.priority
        first, full = ticket.first_resolution, ticket.full_resolution
        changed = ticket.priority_changes
        if first is not None:
            ended_under = ticket.priority_at(first) if changed else priority
            aggregates.add_duration(self._first[ended_under], first, first - opened, sign)
        if full is None:
            return
        ended_under = ticket.priority_at(full) if changed else priority
        aggregates.add_duration(self._full[ended_under], full, full - opened, sign)
        aggregates.add_duration(self._wait, full, ticket.wait, sign)
        cells, at = aggregates.counts.cells_of_weight(sign), full // US_PER_HOUR
        cells.append(self._resolved + at)
        if ticket.reopened:
            cells.append(self._reopened + at)
        if ticket.transferred:
            cells.append(self._transferred + at)
        if ticket.bot_only:
            cells.append(self._bot_only + at)
