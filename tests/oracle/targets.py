"""The SLA targets of tickets: when they are due, and how they are decided."""

from collections.abc import Callable, Iterator

from tests.oracle.policies import Policy, policy
from tests.oracle.tickets import Ticket
from tests.oracle.turns import Turn, turns
from tests.oracle.values import last, microseconds
from tests.oracle.world import World

Decision = tuple[str, int, bool]


def goals(ticket: Ticket) -> Iterator[tuple[str, int | None]]:
    """Yield kind and time of fulfilment (None without one) of each target but `next_response`.

    Decided: a ticket opened by an agent has no first response, so no such target.
    """
    yield "resolution", ticket.first_resolution
    if ticket.by_customer:
        yield "first_response", ticket.response("any")
        yield "first_human_response", ticket.response("human")
    if ticket.promises:
        yield "promise", ticket.first_resolution


def due(world: World, ticket: Ticket, kind: str, priority: str) -> int | None:
    """Return the due time of a target with this priority, microseconds; None if its clock does not run.

    "`first_response`, `first_human_response`: due at the first instant t with B(opened, t) >= target." The
    promise is due at "the promise told last".
    """
    if kind == "promise":
        return microseconds(last(ticket.promises)["promised_at"])
    rules = policy(world, ticket, priority)
    if kind == "resolution":
        return resolution_due(ticket, rules)
    return rules.schedule.due(ticket.at, rules.first_response)


def resolution_due(ticket: Ticket, rules: Policy) -> int | None:
    """Return the due time of the resolution, microseconds; None while it is paused.

    "Its clock runs while the schedule is open and the status is not in `pause`; due at the first instant at
    which it reaches the target. What it has reached stays reached through a pause; a target reached at the
    very instant a pause begins is breached."
    """
    left = rules.resolution
    for begin, end, status in ticket.spans:
        if status in rules.pause:
            continue
        ran = None if end is None else rules.schedule.elapsed(begin, end)
        if ran is None or ran >= left:
            return rules.schedule.due(begin, left)
        left -= ran
    return None


def turn_due(world: World, ticket: Ticket, turn: Turn, priority: str) -> int | None:
    """Return the due time of an answer, by B(begin, t); None without such a target."""
    rules = policy(world, ticket, priority)
    if rules.next_response is None:
        return None
    return rules.schedule.due(turn.begin, rules.next_response)


def first_due(world: World, ticket: Ticket, due_by: Callable[[str], int | None]) -> int | None:
    """Return "the first instant at which it is due" up to now, None if there is none.

    "At instant t a ticket is judged as if the priority in force at t had been its priority from the
    opening." Before the opening, the opening's is in force.

    Args:
        due_by: priority -> due time, None if it is not due.
    """
    begins = [float("-inf"), *(since for since, _ in ticket.priorities[1:])]
    ends = [*begins[1:], world.now + 1]
    for begin, end, (_, priority) in zip(begins, ends, ticket.priorities, strict=True):
        time = due_by(priority)
        if time is not None and max(begin, time) < end:
            return int(max(begin, time))
    return None


def decisions(world: World, ticket: Ticket) -> Iterator[Decision]:
    """Yield kind, time of the decision, and whether the target was breached."""
    for kind, fulfilled in goals(ticket):
        decision = goal_decision(world, ticket, kind, fulfilled)
        if decision is not None:
            yield kind, *decision
    for turn in turns(ticket):
        decision = turn_decision(world, ticket, turn)
        if decision is not None:
            yield "next_response", *decision


def goal_decision(world: World, ticket: Ticket, kind: str, fulfilled: int | None) -> tuple[int, bool] | None:
    """Return time and breach of the decision of a target but `next_response`, None without one.

    "A target is breached at the first instant at which it is due and not fulfilled."
    """
    time = first_due(world, ticket, lambda priority: due(world, ticket, kind, priority))
    if time is not None and (fulfilled is None or fulfilled > time):
        return time, True
    return None if fulfilled is None else (fulfilled, False)


def turn_decision(world: World, ticket: Ticket, turn: Turn) -> tuple[int, bool] | None:
    """Return time and breach of the one decision of a turn, None without one.

    "Each turn is one decision, by B(begin, end). While the priority in force has no such target, nothing is
    due, and what ends then is not decided." The end of the ticket ends it "without a decision, unless it was
    overdue before".

    Decided: a turn that is due at the instant of the resolution is breached. An answer then is in time.
    """
    time = first_due(world, ticket, lambda priority: turn_due(world, ticket, turn, priority))
    if time is not None and (turn.end is None or time < turn.end + (not turn.answered)):
        return time, True
    if turn.answered and turn_due(world, ticket, turn, ticket.priority_at(turn.end)) is not None:
        return turn.end, False
    return None


def undecided(world: World, ticket: Ticket) -> Iterator[tuple[str, int]]:
    """Yield kind and due time, by the priority in force now, of each target that is not decided and runs."""
    dues = [
        (kind, due(world, ticket, kind, ticket.priority))
        for kind, fulfilled in goals(ticket)
        if goal_decision(world, ticket, kind, fulfilled) is None
    ]
    dues += [
        ("next_response", turn_due(world, ticket, turn, ticket.priority))
        for turn in turns(ticket)
        if turn.end is None and turn_decision(world, ticket, turn) is None
    ]
    yield from ((kind, time) for kind, time in dues if time is not None)


def missed(world: World, ticket: Ticket) -> Iterator[int]:
    """Yield the times of the breaches of targets that are not met yet."""
    unmet = [
        goal_decision(world, ticket, kind, fulfilled)
        for kind, fulfilled in goals(ticket)
        if fulfilled is None
    ]
    unmet += [turn_decision(world, ticket, turn) for turn in turns(ticket) if turn.end is None]
    yield from (decision[0] for decision in unmet if decision is not None)
