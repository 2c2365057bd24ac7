"""Test the oracle's numbers of tickets and targets by examples computed by hand from the definitions."""

import math

from tests.support.oracle_examples import NOW, event, parts, reply, ticket, value
from tests.support.strategies import DAY, HOUR, MINUTE, rfc3339


def status(age, to, name="t"):
    return event("ticket.status_changed", age, ticket_id=name, status=to)


def response(events, by, window="7d", priority="all"):
    labels = {"window": window, "clock": "calendar", "by": by, "priority": priority}
    return value(events, "retention_first_response_mean_seconds", **labels)


def test_first_response_by_a_bot_and_by_a_human():
    events = [
        ticket(10 * HOUR),
        reply(9 * HOUR + 1, "customer"),
        reply(9 * HOUR, "agent", public=False),
        reply(8 * HOUR, "bot"),
        reply(4 * HOUR, "agent"),
    ]
    assert response(events, "any") == 2 * 3600
    assert response(events, "human") == 6 * 3600
    assert math.isnan(response(events, "any", "1h"))
    assert response(events, "human", "24h") == 6 * 3600
    assert response(events, "human", priority="normal") == 6 * 3600
    assert math.isnan(response([ticket(HOUR, opened_by="agent"), reply(0, "agent")], "any"))
    assert response([ticket(HOUR), reply(2 * HOUR, "agent")], "any") == 0


def test_quantiles_are_values_at_the_floor_of_the_rank():
    events = []
    for number in range(1, 12):
        events += [ticket(number * MINUTE, f"t{number}"), reply(0, "bot", f"t{number}")]
    labels = {"window": "7d", "clock": "calendar", "by": "any", "priority": "all"}

    def quantile(q):
        return value(events, "retention_first_response_seconds", quantile=q, **labels) / 60

    assert [quantile(q) for q in ("0.5", "0.9", "0.95", "0.99")] == [6, 10, 10, 10]


def test_solved_then_closed_is_one_resolution():
    once = [ticket(10 * HOUR), status(6 * HOUR, "solved"), status(2 * HOUR, "closed")]

    def resolution(events, kind):
        labels = {"window": "7d", "clock": "calendar", "priority": "all", "kind": kind}
        return value(events, "retention_resolution_mean_seconds", **labels)

    assert resolution(once, "full") == resolution(once, "first") == 4 * 3600
    assert parts(once, "retention_reopened_ratio", window="7d") == (0, 1)
    reopened = [*once, status(HOUR, "open")]
    assert math.isnan(resolution(reopened, "full"))
    assert resolution(reopened, "first") == 4 * 3600
    assert value(reopened, "retention_tickets", status="open", priority="normal") == 1
    again = [*reopened, status(0, "solved")]
    assert resolution(again, "full") == 10 * 3600
    assert parts(again, "retention_reopened_ratio", window="7d") == (1, 1)


def test_requester_waits_while_open_or_on_hold():
    events = [
        ticket(10 * HOUR),
        status(12 * HOUR, "on_hold"),  # before it was opened: counts from the opening
        status(9 * HOUR, "pending"),
        status(6 * HOUR, "on_hold"),
        status(5 * HOUR, "solved"),
        status(3 * HOUR, "open"),
        status(2 * HOUR, "closed"),
    ]
    assert value(events, "retention_requester_wait_seconds", window="7d", quantile="0.5") == 3 * 3600


def test_unanswered_tickets_and_the_oldest_of_them():
    events = [
        ticket(5 * HOUR, "a"),
        ticket(4 * HOUR, "b"), reply(HOUR, "bot", "b"),
        ticket(9 * HOUR, "c"), status(HOUR, "solved", "c"),
        ticket(9 * HOUR, "d", opened_by="agent"),
    ]  # fmt: skip
    assert value(events, "retention_tickets_unanswered", by="any", priority="normal") == 1
    assert value(events, "retention_tickets_unanswered", by="human", priority="normal") == 2
    oldest = value(events, "retention_oldest_unanswered_ticket_timestamp_seconds")
    assert oldest == (NOW - 5 * HOUR) / 1e6
    assert value(events, "retention_tickets", status="open", priority="normal") == 3


def breaches(events, kind, now=NOW, window="7d"):
    return parts(events, "retention_sla_breach_ratio", now, window=window, sla=kind, priority="all")


def test_target_is_decided_when_due_or_fulfilled():
    opened = [ticket(0, priority="urgent")]
    assert breaches(opened, "first_response", NOW + HOUR - 1) == (0, 0)
    assert breaches(opened, "first_response", NOW + HOUR) == (1, 1)
    in_time = [*opened, reply(-HOUR, "bot")]
    assert breaches(in_time, "first_response", NOW + HOUR) == (0, 1)
    assert breaches(in_time, "first_human_response", NOW + HOUR) == (1, 1)
    late = [*opened, reply(-HOUR - 1, "bot")]
    assert breaches(late, "first_response", NOW + 2 * HOUR) == (1, 1)
    solved = [*opened, status(-MINUTE, "solved")]
    assert breaches(solved, "first_response", NOW + HOUR) == (1, 1)
    assert breaches(solved, "resolution", NOW + HOUR) == (0, 1)
    assert breaches([ticket(0, opened_by="agent")], "first_response", NOW + 9 * DAY) == (0, 0)


def test_promise_is_the_latest_one():
    events = [
        ticket(5 * HOUR),
        reply(4 * HOUR, "agent", promised_at=rfc3339(NOW - 3 * HOUR)),
        reply(3 * HOUR, "agent", promised_at=rfc3339(NOW - 1 * HOUR)),
        reply(2 * HOUR, "customer", promised_at=rfc3339(NOW - 2 * HOUR)),
    ]
    assert breaches(events, "promise", NOW - HOUR - 1) == (0, 0)
    assert breaches(events, "promise") == (1, 1)
    assert breaches([*events, status(HOUR, "solved")], "promise") == (0, 1)
    assert parts(events, "retention_deadline_told_ratio", window="7d") == (1, 1)
