"""Metrics of tickets, by hand (docs/metrics.md, "Tickets" and "SLA")."""

import pytest

from models.definitions.definitions import PRIORITIES
from models.facts import claims
from models.facts.claims import AGENT, BOT, SOLVED, WITHDRAWAL_REASONS
from tests.support.partitions import HOUR, NOW, SECOND

LOW, NORMAL, HIGH, URGENT = range(len(PRIORITIES))


def open_ticket(shop, ticket, opened, priority=NORMAL):
    shop.process(claims.Opened, ticket, opened, priority, False, "web")


def test_priority_all_is_the_mean_over_all_tickets(shop):
    for ticket, priority, minutes in (("a", NORMAL, 10), ("b", NORMAL, 20), ("c", URGENT, 60)):
        open_ticket(shop, ticket, NOW - 2 * HOUR, priority)
        shop.process(claims.Replied, ticket, NOW - 2 * HOUR + minutes * 60 * SECOND, AGENT, True)
    samples = shop.samples()
    means = [
        samples["retention_first_response_mean_seconds", "human", "calendar", priority, "24h"].value
        for priority in ("normal", "urgent", "all")
    ]
    assert means == [pytest.approx(900), pytest.approx(3600), pytest.approx(1800)]


def test_reply_of_a_bot_leaves_the_ticket_waiting_for_a_human(shop):
    open_ticket(shop, "t", NOW - HOUR)
    shop.process(claims.Replied, "t", NOW, BOT, True)
    samples = shop.samples()
    assert samples["retention_tickets_unanswered", "any", "normal"].value == 0
    assert samples["retention_tickets_unanswered", "human", "normal"].value == 1
    oldest = samples["retention_oldest_unanswered_ticket_timestamp_seconds",].value
    assert oldest == (NOW - HOUR) / SECOND


def test_one_of_two_solved_tickets_was_reopened(shop):
    for ticket in ("once", "twice"):
        open_ticket(shop, ticket, NOW - 4 * HOUR)
        shop.process(claims.StatusChanged, ticket, NOW - 3 * HOUR, SOLVED)
    shop.process(claims.StatusChanged, "twice", NOW - 2 * HOUR, 0)
    shop.process(claims.StatusChanged, "twice", NOW - HOUR, SOLVED)
    sample = shop.samples()["retention_reopened_ratio", "7d"]
    assert (sample.numerator, sample.denominator) == (1, 2)


def test_breach_counts_for_its_own_priority_and_for_all(shop):
    open_ticket(shop, "t", NOW - 20 * HOUR, URGENT)
    samples = shop.samples()
    parts = {
        priority: samples["retention_sla_breach_ratio", priority, "first_response", "24h"]
        for priority in ("normal", "urgent", "all")
    }
    assert [parts[name].denominator for name in ("normal", "urgent", "all")] == [0, 1, 1]
    assert parts["all"].numerator == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_duration_counts_under_the_priority_in_force_at_its_end(shop, restarted):
    start = NOW - 9 * HOUR
    open_ticket(shop, "t", start, NORMAL)
    for hours, priority in ((2, URGENT), (4, HIGH), (6, URGENT), (8, LOW)):
        shop.process(claims.TicketUpdated, "t", start + hours * HOUR, priority)
    shop.process(claims.Replied, "t", start + HOUR, BOT, True)
    shop.process(claims.Replied, "t", start + 3 * HOUR, AGENT, True)
    for hours, status in ((5, SOLVED), (5.5, 0), (7, SOLVED)):
        shop.process(claims.StatusChanged, "t", start + int(hours * HOUR), status)
    if restarted:
        shop.restart()
    samples = shop.samples()
    response, resolution = "retention_first_response_mean_seconds", "retention_resolution_mean_seconds"
    assert samples[response, "any", "calendar", "normal", "24h"].value == pytest.approx(3600)
    assert samples[response, "human", "calendar", "urgent", "24h"].value == pytest.approx(3 * 3600)
    assert samples[resolution, "calendar", "first", "high", "7d"].value == pytest.approx(5 * 3600)
    assert samples[resolution, "calendar", "full", "urgent", "7d"].value == pytest.approx(7 * 3600)


def test_withdrawn_ticket_counts_only_as_withdrawn(shop):
    open_ticket(shop, "t", NOW - 30 * HOUR)
    open_ticket(shop, "kept", NOW - HOUR)
    shop.process(claims.TicketWithdrawn, "t", NOW - HOUR, WITHDRAWAL_REASONS.index("spam"))
    samples = shop.samples()
    assert samples["retention_tickets_withdrawn", "spam", "7d"].value == 1
    assert samples["retention_tickets_withdrawn", "other", "7d"].value == 0
    assert samples["retention_tickets", "normal", "open"].value == 1
    assert samples["retention_tickets_unanswered", "human", "normal"].value == 1
    assert samples["retention_sla_breach_ratio", "all", "first_response", "7d"].denominator == 0


@pytest.mark.parametrize("opened_first", [True, False])
def test_customer_of_a_withdrawn_ticket_is_counted(shop, opened_first):
    if opened_first:
        open_ticket(shop, "t", NOW - 2 * HOUR)
    shop.process(claims.TicketWithdrawn, "t", NOW - HOUR, 0)
    assert shop.value("retention_lifecycle_customers", "prospect") == 1
    shop.restart()
    assert shop.value("retention_lifecycle_customers", "prospect") == 1
    assert shop.value("retention_tickets_withdrawn", "spam", "7d") == opened_first


def test_restored_ticket_counts_as_if_never_withdrawn(shop):
    open_ticket(shop, "t", NOW - 30 * HOUR)
    shop.process(claims.TicketWithdrawn, "t", NOW - HOUR, 0)
    shop.process(claims.TicketRestored, "t", NOW)
    samples = shop.samples()
    assert samples["retention_tickets_withdrawn", "spam", "7d"].value == 0
    assert samples["retention_tickets", "normal", "open"].value == 1
    assert samples["retention_sla_breach_ratio", "all", "first_response", "7d"].numerator == 1


def test_duration_counts_under_the_priority_when_it_ended(shop):
    open_ticket(shop, "t", NOW - 5 * HOUR)
    shop.process(claims.Replied, "t", NOW - 4 * HOUR, AGENT, True)
    shop.process(claims.TicketUpdated, "t", NOW - 3 * HOUR, URGENT)
    shop.process(claims.StatusChanged, "t", NOW - 2 * HOUR, SOLVED)
    shop.process(claims.TicketUpdated, "t", NOW - HOUR, NORMAL)
    samples = shop.samples()
    response = samples["retention_first_response_mean_seconds", "human", "calendar", "normal", "24h"]
    resolution = samples["retention_resolution_mean_seconds", "calendar", "first", "urgent", "24h"]
    assert (response.value, resolution.value) == (3600, 3 * 3600)


def test_open_ticket_counts_under_its_present_priority(shop):
    open_ticket(shop, "t", NOW - HOUR)
    shop.process(claims.TicketUpdated, "t", NOW, URGENT)
    samples = shop.samples()
    assert [samples["retention_tickets", priority, "open"].value for priority in ("normal", "urgent")] == [
        0,
        1,
    ]
    assert samples["retention_tickets_unanswered", "any", "urgent"].value == 1


def test_late_update_of_a_past_priority_recounts_durations(shop):
    open_ticket(shop, "t", NOW - 5 * HOUR)
    shop.process(claims.Replied, "t", NOW - 3 * HOUR, AGENT, True)
    shop.process(claims.TicketUpdated, "t", NOW - HOUR, NORMAL)
    shop.samples()
    shop.process(claims.TicketUpdated, "t", NOW - 4 * HOUR, URGENT)
    samples = shop.samples()
    name = "retention_first_response_mean_seconds"
    counts = [
        samples[name, "human", "calendar", priority, "24h"].denominator for priority in ("normal", "urgent")
    ]
    assert counts == [0, 1]
    assert samples["retention_tickets", "normal", "open"].value == 1
