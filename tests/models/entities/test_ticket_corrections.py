"""Withdrawn tickets and changed fields of tickets, by hand (docs/metrics.md, "Tickets")."""

import pytest

from models.entities import tickets
from models.entities.ticket_corrections import (
    PriorityChange,
    TicketFields,
    counted_withdrawal,
    latest_fields,
    priority_changes,
)
from models.facts.claims import (
    AGENT,
    BOT,
    WITHDRAWAL_REASONS,
    Opened,
    Replied,
    TicketRestored,
    TicketUpdated,
    TicketWithdrawn,
)

LOW, NORMAL, HIGH, URGENT = range(4)
SPAM, DELETED = WITHDRAWAL_REASONS.index("spam"), WITHDRAWAL_REASONS.index("deleted")
OPENED = Opened(10, "m", NORMAL, False, "chat")


def raised(time, priority, event="u"):
    return TicketUpdated(time, event, priority)


def test_withdrawn_ticket_is_not_opened():
    assert tickets.derive([OPENED, TicketWithdrawn(20, "w", SPAM)]) is None
    assert tickets.derive([TicketWithdrawn(5, "w", SPAM), OPENED]) is None


def test_restored_ticket_is_as_if_never_withdrawn():
    restored = [OPENED, TicketRestored(30, "r"), TicketWithdrawn(20, "w", SPAM)]
    assert tickets.derive(restored) == tickets.derive([OPENED])


def test_last_of_withdrawal_and_restoration_decides_by_id():
    assert tickets.derive([OPENED, TicketWithdrawn(20, "a", SPAM), TicketRestored(20, "b")]) is not None
    assert tickets.derive([OPENED, TicketWithdrawn(20, "b", SPAM), TicketRestored(20, "a")]) is None


def test_withdrawal_has_time_and_reason_of_its_run_begin():
    spam, deleted = TicketWithdrawn(30, "c", SPAM), TicketWithdrawn(40, "d", DELETED)
    before = [TicketWithdrawn(10, "a", DELETED), TicketRestored(20, "b")]
    assert counted_withdrawal([OPENED, deleted, spam, *before]) is spam


def test_withdrawal_of_unknown_ticket_does_not_count():
    assert counted_withdrawal([TicketWithdrawn(20, "w", SPAM)]) is None


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        ([], [(10, NORMAL)]),
        ([raised(20, HIGH), raised(15, LOW)], [(10, NORMAL), (15, LOW), (20, HIGH)]),
        ([raised(20, NORMAL)], [(10, NORMAL)]),
        ([raised(20, HIGH), raised(30, HIGH)], [(10, NORMAL), (20, HIGH)]),
        ([raised(20, HIGH, "b"), raised(20, URGENT, "a")], [(10, NORMAL), (20, HIGH)]),
        ([raised(9, HIGH)], [(10, NORMAL)]),
        ([raised(10, HIGH, "a")], [(10, NORMAL)]),
        ([raised(10, HIGH, "z")], [(10, HIGH)]),
        ([TicketUpdated(20, "u", None, "billing")], [(10, NORMAL)]),
    ],
)
def test_priority_is_in_force_from_its_update_on(updates, expected):
    assert priority_changes(OPENED, updates) == tuple(PriorityChange(*each) for each in expected)


@pytest.mark.parametrize(("time", "priority"), [(5, NORMAL), (10, NORMAL), (19, NORMAL), (20, HIGH)])
def test_priority_in_force_before_and_after_a_raise(time, priority):
    ticket = tickets.derive([OPENED, raised(20, HIGH)])
    assert ticket.priority_at(time) == priority
    assert ticket.priority == HIGH


def test_earliest_of_two_openings_gives_the_first_priority():
    ticket = tickets.derive([Opened(12, "l", URGENT, False, "chat"), OPENED])
    assert (ticket.priority, ticket.priority_changes) == (NORMAL, ())


def test_update_without_opening_makes_no_ticket():
    assert tickets.derive([raised(20, HIGH)]) is None


def test_each_field_is_that_of_its_latest_event():
    claims = [
        Opened(10, "m", NORMAL, False, "chat", "billing", "invoice"),
        TicketUpdated(20, "u1", None, "logistics", None, "agent-1"),
        TicketUpdated(5, "u0", None, "early", "early", "agent-0"),
        Replied(30, "r1", AGENT, True, None, "agent-2"),
        Replied(40, "r2", BOT, True),
    ]
    assert latest_fields(claims) == TicketFields("logistics", "invoice", "agent-2")


def test_earlier_field_counts_if_the_opening_has_none():
    assert latest_fields([TicketUpdated(5, "u", None, "billing"), OPENED]) == ("billing", None, None)


def test_fields_of_a_losing_opening_do_not_count():
    assert latest_fields([OPENED, Opened(12, "n", NORMAL, False, "chat", "billing")]).team is None
