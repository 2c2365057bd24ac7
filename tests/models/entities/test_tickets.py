"""Tickets and their targets, by hand (docs/metrics.md, "Tickets", "SLA")."""

import math

import pytest

from models.definitions.definitions import Definitions
from models.entities import tickets
from models.entities.sla import kinds_of
from models.facts import claims
from models.facts.claims import AGENT, BOT, CUSTOMER, STATUSES, Opened, Replied, StatusChanged, Transferred
from models.partition import standalone
from tests.support.partitions import DAY, HOUR, NOW, SECOND, Shop

NORMAL, URGENT = 1, 3
MINUTE = 60 * SECOND

#: Targets without one of the next response.
SLAS = kinds_of(Definitions())


def status(name):
    return STATUSES.index(name)


def changes(*steps):
    return [StatusChanged(time, f"s{number}", status(name)) for number, (time, name) in enumerate(steps)]


def test_replies_wait_until_the_ticket_is_opened():
    assert tickets.derive([Replied(1, "a", AGENT, True), Transferred(2, "b")]) is None


def test_only_public_replies_of_agents_and_bots_are_answers():
    opened = Opened(10, "o", NORMAL, False, "chat")
    ticket = tickets.derive(
        [
            Replied(11, "a", CUSTOMER, True),
            Replied(12, "b", AGENT, False),
            Replied(20, "c", AGENT, True),
            Replied(15, "d", BOT, True),
            opened,
        ]
    )
    assert (ticket.answered, ticket.answered_by_human, ticket.bot_only) == (15, 20, False)


@pytest.mark.parametrize(
    ("replies", "bot_only"),
    [
        ([], False),
        ([(BOT, False)], False),
        ([(CUSTOMER, True)], False),
        ([(BOT, True), (AGENT, False)], True),
        ([(BOT, True), (AGENT, True)], False),
    ],
)
def test_bot_only_needs_a_public_reply_of_a_bot(replies, bot_only):
    claims_of_replies = [Replied(20, f"r{number}", *reply) for number, reply in enumerate(replies)]
    assert tickets.derive([Opened(10, "o", NORMAL, False, "chat"), *claims_of_replies]).bot_only is bot_only


def test_latest_promise_counts():
    ticket = tickets.derive(
        [
            Opened(10, "o", NORMAL, False, "chat"),
            Replied(20, "a", AGENT, True, 500),
            Replied(20, "b", BOT, True, 400),
            Replied(30, "c", CUSTOMER, True, 300),
        ]
    )
    assert ticket.promise == 400


@pytest.mark.parametrize(
    ("steps", "first", "full", "wait", "reopened"),
    [
        ([], None, None, 0, False),
        ([(20, "solved"), (30, "closed")], 20, 20, 10, False),
        ([(20, "solved"), (30, "open"), (45, "solved")], 20, 45, 25, True),
        ([(20, "pending"), (30, "on_hold"), (34, "closed")], 34, 34, 14, False),
        ([(20, "solved"), (30, "open")], 20, None, 10, True),
        ([(5, "pending"), (12, "open"), (15, "solved")], 15, 15, 3, False),
        ([(4, "solved")], 4, 4, 0, False),
    ],
)
def test_resolutions_and_wait_follow_from_status_changes(steps, first, full, wait, reopened):
    ticket = tickets.derive([*reversed(changes(*steps)), Opened(10, "o", NORMAL, False, "chat")])
    assert (ticket.first_resolution, ticket.full_resolution) == (first, full)
    assert (ticket.wait, ticket.reopened) == (wait, reopened)


def open_ticket(shop, at, priority=NORMAL, *, by_agent=False, ticket="t", channel="chat"):
    shop.process(claims.Opened, ticket, at, priority, by_agent, channel)


def test_response_times_by_priority_and_channel(shop):
    open_ticket(shop, NOW - HOUR)
    shop.process(claims.Replied, "t", NOW - 1800 * SECOND, BOT, True)
    shop.process(claims.Replied, "t", NOW, AGENT, True)
    look = shop.samples()
    assert look["retention_first_response_mean_seconds", "any", "calendar", "normal", "1h"].value == 1800
    assert look["retention_first_response_mean_seconds", "human", "calendar", "all", "7d"].value == 3600
    chat = look["retention_channel_first_response_seconds", "chat", "0.9", "24h"].value
    assert chat == pytest.approx(3600, rel=0.01)
    assert math.isnan(look["retention_first_response_mean_seconds", "any", "calendar", "urgent", "7d"].value)


def test_short_windows_slide_by_the_minute(shop):
    open_ticket(shop, NOW - HOUR)
    shop.process(claims.Replied, "t", NOW + 59 * SECOND, AGENT, True)
    name = ("retention_first_response_mean_seconds", "human", "calendar", "all", "1h")
    assert not math.isnan(shop.value(*name, now=NOW + HOUR - 1))
    assert math.isnan(shop.value(*name, now=NOW + HOUR))


def test_unanswered_tickets_and_the_oldest(shop):
    open_ticket(shop, NOW - DAY, ticket="old")
    open_ticket(shop, NOW - HOUR, ticket="new", priority=URGENT)
    open_ticket(shop, NOW - DAY, ticket="ours", by_agent=True)
    shop.process(claims.Replied, "new", NOW, BOT, True)
    look = shop.samples()
    assert look["retention_tickets_unanswered", "any", "urgent"].value == 0
    assert look["retention_tickets_unanswered", "human", "urgent"].value == 1
    assert look["retention_tickets_unanswered", "human", "normal"].value == 1
    assert look["retention_tickets", "normal", "open"].value == 2
    oldest = "retention_oldest_unanswered_ticket_timestamp_seconds"
    assert look[(oldest,)].value == (NOW - DAY) / SECOND
    shop.process(claims.StatusChanged, "old", NOW, status("solved"))
    assert shop.value(oldest) == (NOW - HOUR) / SECOND


def test_target_is_breached_at_its_instant_without_an_event(shop):
    open_ticket(shop, NOW, URGENT)
    name = ("retention_sla_breach_ratio", "urgent", "first_response", "7d")
    assert math.isnan(shop.value(*name, now=NOW + HOUR - 1))
    assert shop.value(*name, now=NOW + HOUR) == 1


def test_target_is_due_soon_for_two_hours_until_decided(shop):
    open_ticket(shop, NOW)
    name = ("retention_tickets_due", "normal", "first_response", "2h")
    due = NOW + DAY
    soon = (due // MINUTE - 119) * MINUTE
    for now, expected in ((soon - 1, 0), (soon, 1), (due - 1, 1), (due, 0)):
        assert shop.value(*name, now=now) == expected, now


def test_answered_ticket_is_no_longer_due(shop):
    open_ticket(shop, NOW, URGENT)
    open_ticket(shop, NOW, URGENT, ticket="ours", by_agent=True)
    shop.process(claims.Replied, "t", NOW, BOT, True, NOW + HOUR)
    look = shop.samples()
    due = {kind: look["retention_tickets_due", "urgent", kind, "2h"].value for kind in SLAS}
    assert due == {"first_response": 0, "first_human_response": 1, "resolution": 0, "promise": 1}
    shop.process(claims.Replied, "t", NOW, AGENT, True)
    shop.process(claims.StatusChanged, "t", NOW, status("solved"))
    look = shop.samples()
    assert not any(look["retention_tickets_due", "urgent", kind, "2h"].value for kind in SLAS)


def test_late_event_may_show_that_a_target_was_fulfilled(shop):
    open_ticket(shop, NOW, URGENT)
    assert shop.value("retention_sla_breach_ratio", "urgent", "first_response", "7d", now=NOW + DAY) == 1
    shop.process(claims.Replied, "t", NOW + HOUR, AGENT, True)
    look = shop.samples()
    assert look["retention_sla_breach_ratio", "urgent", "first_response", "7d"].value == 0
    assert look["retention_sla_breach_ratio", "urgent", "resolution", "7d"].value == 1


def test_solved_ticket_keeps_its_first_response_target(shop):
    open_ticket(shop, NOW, URGENT)
    shop.process(claims.StatusChanged, "t", NOW, status("solved"))
    look = shop.samples(NOW + DAY)
    assert look["retention_sla_breach_ratio", "urgent", "first_human_response", "7d"].value == 1
    assert look["retention_sla_breach_ratio", "urgent", "resolution", "7d"].value == 0


def test_promise_is_due_at_its_latest_time(shop):
    open_ticket(shop, NOW - DAY)
    shop.process(claims.Replied, "t", NOW - HOUR, AGENT, True, NOW + HOUR)
    name = ("retention_sla_breach_ratio", "normal", "promise", "24h")
    assert math.isnan(shop.value(*name))
    assert shop.value(*name, now=NOW + HOUR) == 1
    assert shop.value("retention_deadline_told_ratio", "7d") == 1


def test_changed_targets_apply_to_all_stored_tickets(shop):
    open_ticket(shop, NOW - 2 * HOUR)
    shop.partition.take_changes()
    definitions = Definitions(sla=dict(Definitions().sla) | {"normal": (3600, 7200)})
    stricter = Shop(definitions, shop.rows)
    stricter.partition.resume(NOW)
    standalone.build_aggregates(stricter.partition, NOW)
    assert stricter.value("retention_sla_breach_ratio", "normal", "resolution", "7d") == 1
