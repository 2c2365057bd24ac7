"""Freshdesk's events: withdrawn and restored tickets, changed fields, ratings, contacts."""

import pytest

from tests.support.vendor_records import mapped, types

ANN = {"id": 11, "email": "ann@shop.example"}


def ticket(event="onTicketUpdate", hour=12, requester=ANN, **changes):
    return {
        "event": event,
        "timestamp": 1_781_013_600.5 + 3600 * hour,
        "data": {
            "ticket": {
                "id": 4,
                "created_at": "2026-06-09T10:00:00Z",
                "updated_at": f"2026-06-09T{hour}:00:00Z",
                "priority": 2,
                "requester_id": 11,
                "responder_id": None,
                "group_id": None,
                "type": None,
                "source": 1,
                "spam": False,
                "status": 2,
            }
            | changes,
            "requester": requester,
        },
    }


def only(events, kind):
    return [event for event in events if event["type"] == kind]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (ticket(spam=True), "spam"),
        (ticket(deleted=True), "deleted"),
        (ticket(spam=True, deleted=True), "spam"),
        (ticket("onTicketDelete"), "deleted"),
        (ticket("onTicketCreate", spam=True), "spam"),
    ],
    ids=["spam", "deleted", "both", "deletion", "new spam"],
)
def test_a_withdrawn_ticket_has_a_reason(record, reason):
    events = mapped("freshdesk", record)
    assert [event["reason"] for event in only(events, "ticket.withdrawn")] == [reason]
    assert only(events, "ticket.restored") == []


def test_an_update_restores_an_earlier_withdrawal():
    events = mapped("freshdesk", ticket(spam=True), ticket(hour=13))
    found = [(event["type"], event["time"]) for event in events if "withdr" in event["type"] + "restored"]
    assert ("ticket.withdrawn", "2026-06-09T12:00:00Z") in found
    assert only(events, "ticket.restored")[0]["time"] == "2026-06-09T13:00:00Z"


@pytest.mark.parametrize(
    ("updates", "unanswered"),
    [
        ([], 1),
        ([ticket(spam=True)], 0),
        ([ticket(deleted=True), ticket(hour=13)], 1),
        ([ticket(hour=13), ticket("onTicketDelete", hour=14)], 0),
    ],
    ids=["none", "spam", "undeleted", "deletion"],
)
def test_a_withdrawn_ticket_counts_for_nothing(compute, updates, unanswered):
    for records in (
        [ticket("onTicketCreate", hour=10), *updates],
        [*updates, ticket("onTicketCreate", hour=10)],
    ):
        found = compute("freshdesk", *records)
        assert found("tickets_unanswered", by="any", priority="normal") == unanswered


def test_a_raised_priority_is_in_force(compute):
    found = compute("freshdesk", ticket("onTicketCreate", hour=10), ticket(priority=4))
    assert found("tickets_unanswered", by="any", priority="urgent") == 1
    assert found("tickets_unanswered", by="any", priority="normal") == 0


def test_a_new_ticket_has_its_team_category_and_agent():
    events = mapped("freshdesk", ticket("onTicketCreate", group_id=8, type="Problem", responder_id=9))
    [opened], [agent] = only(events, "ticket.opened"), only(events, "ticket.updated")
    assert (opened["team"], opened["category"], agent["agent"]) == ("8", "Problem", "9")


def test_an_update_has_all_fields_of_the_ticket():
    events = mapped("freshdesk", ticket(priority=4, group_id=8, type="Problem", responder_id=9))
    [updated] = only(events, "ticket.updated")
    fields = {name: updated[name] for name in ("priority", "team", "category", "agent")}
    assert fields == {"priority": "urgent", "team": "8", "category": "Problem", "agent": "9"}
    [updated] = only(mapped("freshdesk", ticket()), "ticket.updated")
    assert (updated["priority"], "team" in updated) == ("normal", False)


def rating(score, updated="09"):
    return {
        "id": 5,
        "user_id": 11,
        "ticket_id": 4,
        "created_at": "2026-06-12T09:00:00Z",
        "updated_at": f"2026-06-12T{updated}:00:00Z",
        "ratings": {"default_question": score},
    }


def test_a_changed_rating_is_one_answer(compute):
    for ratings in ([rating(-103), rating(103, "10")], [rating(103, "10"), rating(-103)]):
        assert compute("freshdesk", *ratings).fraction("csat_ratio", window="30d") == (1, 1)


def reply(user, *, incoming, requester=ANN):
    conversation = {
        "id": 1,
        "ticket_id": 4,
        "user_id": user,
        "incoming": incoming,
        "private": False,
        "created_at": "2026-06-09T11:00:00Z",
    }
    return {"event": "onConversationCreate", "data": {"conversation": conversation, "requester": requester}}


def test_a_reply_of_another_contact_merges_no_other():
    events = mapped("freshdesk", reply(99, incoming=True))
    assert types(events) == ["ticket.replied", "customer.merged"]
    assert (events[1]["customer_id"], events[1]["into"]) == ("freshdesk:11", "email:ann@shop.example")


def test_an_agents_reply_names_the_agent():
    [agent, _] = mapped("freshdesk", reply(5, incoming=False))
    [customer, _] = mapped("freshdesk", reply(11, incoming=True))
    assert (agent["author"], agent["agent"]) == ("agent", "5")
    assert (customer["author"], "agent" in customer) == ("customer", False)
