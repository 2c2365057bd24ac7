"""Turns of a conversation, and their decisions."""

import pytest

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.sla_policy import SlaPolicy
from models.entities.sla import KINDS, decide
from models.entities.sla_limits import time_limits
from models.entities.tickets import derive
from models.facts.claims import AUTHORS, STATUSES, Opened, Replied, StatusChanged, TicketUpdated

SECOND = 1_000_000


def claims_of(conversation, *, by_agent=False):
    """Return the claims of a conversation such as `1 agent, 2 customer, 3 solved`, with times in seconds.

    `(customer)` is a private reply. Steps of one instant follow each other by their ids.
    """
    claims = [Opened(0, "!", 0, by_agent, "web")]
    for number, step in enumerate(filter(None, conversation.split(", "))):
        time, what = step.split()
        who = what.strip("()")
        if who in AUTHORS:
            claims.append(
                Replied(int(time) * SECOND, f"{number:02}", AUTHORS.index(who), not what.startswith("("))
            )
        elif who in PRIORITIES:
            claims.append(TicketUpdated(int(time) * SECOND, f"{number:02}", PRIORITIES.index(who)))
        else:
            claims.append(StatusChanged(int(time) * SECOND, f"{number:02}", STATUSES.index(who)))
    return claims


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        ("1 customer", []),  # that is the first response
        ("1 agent, 2 customer", [(2, None, None)]),
        ("1 agent, 2 customer, 5 agent", [(2, 5, None)]),
        ("1 agent, 2 customer, 3 customer, 5 agent, 6 agent, 7 customer", [(2, 5, None), (7, None, None)]),
        ("1 bot, 2 customer", []),
        ("1 agent, 2 customer, 3 bot, 4 (agent), 5 agent", [(2, 5, None)]),
        ("1 agent, 2 (customer)", []),
        ("1 agent, 2 customer, 3 solved", [(2, None, 3)]),
        ("1 agent, 2 customer, 3 pending, 4 agent", [(2, 4, None)]),
        ("1 agent, 2 solved, 3 customer", []),
        ("1 agent, 2 solved, 3 customer, 5 open", [(5, None, None)]),
        ("1 agent, 2 solved, 3 customer, 4 agent, 5 open", []),
        ("1 agent, 2 solved, 3 open", []),
        ("1 agent, 2 customer, 3 solved, 4 open", [(2, None, 3)]),
        ("1 agent, 2 customer, 3 solved, 4 open, 5 customer", [(2, None, 3), (5, None, None)]),
        # at one instant, replies come before statuses
        ("1 agent, 2 solved, 3 open, 3 customer", [(3, None, None)]),
        ("1 agent, 2 solved, 2 customer", [(2, None, 2)]),
    ],
)
def test_turns_follow_from_replies_and_statuses(conversation, expected):
    found = derive(claims_of(conversation)[::-1], with_turns=True).reply_turns
    turns = [tuple(None if time is None else time // SECOND for time in turn) for turn in found]
    assert turns == expected


def test_opening_by_an_agent_counts_as_a_reply():
    [turn] = derive(claims_of("2 customer", by_agent=True), with_turns=True).reply_turns
    assert turn.begin == 2 * SECOND


def test_ticket_has_no_turns_unless_they_are_needed():
    assert derive(claims_of("1 agent, 2 customer")).reply_turns == ()


#: The next response is due after ten seconds, or four if the priority is high. `low` has no such target.
LIMITS = time_limits(
    Definitions(
        sla_policies={
            "low": SlaPolicy(),
            "normal": SlaPolicy(next_response=10),
            "high": SlaPolicy(next_response=4),
            "urgent": SlaPolicy(next_response=4),
        }
    )
)
NORMAL = "0 normal, 1 agent, 2 customer"


@pytest.mark.parametrize(
    ("conversation", "now", "expected"),
    [
        (NORMAL, 11, [(12, None, False, "normal")]),
        (NORMAL, 12, [(12, 12, True, "normal")]),
        (f"{NORMAL}, 12 agent", 12, [(12, 12, False, "normal")]),
        (f"{NORMAL}, 13 agent", 13, [(12, 12, True, "normal")]),
        # several turns are several decisions
        (f"{NORMAL}, 3 agent, 4 customer", 14, [(12, 3, False, "normal"), (14, 14, True, "normal")]),
        # a resolution ends a turn without a decision, unless it was due
        (f"{NORMAL}, 11 solved", 20, []),
        (f"{NORMAL}, 12 solved", 20, [(12, 12, True, "normal")]),
        (f"{NORMAL}, 13 solved", 20, [(12, 12, True, "normal")]),
        # priorities: raised, raised when it is due by the higher one, without a target
        (f"{NORMAL}, 3 high", 5, [(6, None, False, "high")]),
        (f"{NORMAL}, 8 high", 8, [(6, 8, True, "high")]),
        (f"{NORMAL}, 8 high, 8 agent", 8, [(6, 8, False, "high")]),
        (f"{NORMAL}, 8 high, 9 solved", 9, [(6, 8, True, "high")]),
        (f"{NORMAL}, 3 low", 50, []),
        (f"{NORMAL}, 3 low, 50 agent", 50, []),
        (f"{NORMAL}, 3 low, 50 normal", 50, [(12, 50, True, "normal")]),
        (f"{NORMAL}, 12 low", 50, []),
        (f"{NORMAL}, 13 low", 50, [(12, 12, True, "normal")]),
    ],
)
def test_each_turn_is_one_decision(conversation, now, expected):
    ticket = derive(claims_of(conversation), with_turns=True)
    found = [
        (each.due // SECOND, each.decided, each.breached, PRIORITIES[each.priority])
        for each in decide(ticket, LIMITS, now * SECOND)
        if KINDS[each.kind] == "next_response"
    ]
    assert [(due, at and at // SECOND, *rest) for due, at, *rest in found] == expected
