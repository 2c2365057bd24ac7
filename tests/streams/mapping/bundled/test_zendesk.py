"""Zendesk's webhooks: withdrawn tickets, changed fields and requesters, ratings that are changed."""

import pytest

from tests.support.vendor_records import CASES, mapped, orderings, read, skipped, types

DETAIL = {
    "id": "4001",
    "requester_id": "901",
    "submitter_id": "901",
    "assignee_id": None,
    "group_id": None,
    "form_id": None,
    "created_at": "2026-06-09T10:00:00Z",
    "priority": None,
    "status": "NEW",
    "via": {"channel": "mail"},
}


def ticket(kind, number=1, current=None, previous=None, **detail):
    """An event of the ticket, `number` hours after 10:00."""
    return {
        "id": f"event-{number}",
        "type": f"zen:event-type:ticket.{kind}",
        "subject": "zen:ticket:4001",
        "time": f"2026-06-09T{10 + number}:00:00Z",
        "zendesk_event_version": "2022-11-06",
        "detail": DETAIL | detail,
        "event": {"current": current, "previous": previous},
    }


def rating(score, minute=31, number=35436):
    return {
        "id": number,
        "requester_id": 84,
        "score": score,
        "ticket_id": 5158,
        "created_at": "2026-06-09T10:31:00Z",
        "updated_at": f"2026-06-09T10:{minute}:00Z",
    }


def csat(found):
    return found.fraction("csat_ratio", window="30d")


def test_case_of_a_changed_rating_is_one_answer(compute):
    records = read(CASES / "05-zendesk-csat-rerate" / "in.jsonl")
    assert csat(compute("zendesk", *records)) == (1, 1)
    assert csat(compute("zendesk", *reversed(records))) == (1, 1)


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([rating("good"), rating("bad", 32)], (0, 1)),
        ([rating("bad"), rating("offered", 32)], (0, 0)),
        ([rating("bad"), rating("unoffered", 32)], (0, 0)),
        ([rating("bad"), rating("offered", 32), rating("good", 33)], (1, 1)),
        ([rating("good"), rating("bad", number=2)], (1, 2)),
    ],
)
def test_the_latest_version_of_a_rating_counts(compute, ratings, expected):
    assert csat(compute("zendesk", *ratings)) == expected
    assert csat(compute("zendesk", *reversed(ratings))) == expected


def test_an_offered_rating_is_no_event():
    assert mapped("zendesk", rating("offered")) == []


def breaches(found, priority="all"):
    return found.fraction("sla_breach_ratio", sla="first_response", priority=priority, window="30d")


def unanswered(found):
    return sum(
        found("tickets_unanswered", by="any", priority=one) for one in ("low", "normal", "high", "urgent")
    )


@pytest.mark.parametrize(
    ("name", "reason", "tickets"), [("deleted", "deleted", 0), ("spam", "spam", 0), ("merged", "merged", 1)]
)
def test_case_of_a_withdrawn_ticket_counts_for_nothing(compute, name, reason, tickets):
    for records in orderings(read(CASES / "06-zendesk-deleted-spam-merged" / f"{name}.jsonl")):
        found = compute("zendesk", *records)
        assert (unanswered(found), breaches(found)) == (0, (0, tickets))
        assert found("tickets_withdrawn", reason=reason, window="30d") == 1


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([ticket("marked_as_spam"), ticket("undeleted", 2)], 1),
        ([ticket("soft_deleted"), ticket("undeleted", 2), ticket("permanently_deleted", 3)], 0),
        (
            [
                ticket("status_changed", 1, "DELETED", "NEW"),
                ticket("status_changed", 2, "OPEN", "DELETED"),
            ],
            1,
        ),
    ],
    ids=["undeleted", "deleted again", "by status"],
)
def test_an_undeleted_ticket_counts_again(compute, events, expected):
    assert unanswered(compute("zendesk", ticket("created", 0), *events)) == expected
    assert unanswered(compute("zendesk", *reversed(events), ticket("created", 0))) == expected


@pytest.mark.parametrize(
    ("name", "reasons"), [("deleted", ["deleted"] * 2), ("spam", ["spam", "deleted"]), ("merged", ["merged"])]
)
def test_case_of_a_withdrawn_ticket_has_the_reason(name, reasons):
    events = mapped("zendesk", *read(CASES / "06-zendesk-deleted-spam-merged" / f"{name}.jsonl"))
    withdrawn = [event for event in events if event["type"] == "ticket.withdrawn"]
    assert [event["reason"] for event in withdrawn] == reasons
    assert {event["ticket_id"] for event in withdrawn} == {"4001"}
    assert [event["id"] for event in withdrawn] == sorted(event["id"] for event in withdrawn)


@pytest.mark.parametrize(
    ("event", "kind", "reason"),
    [
        (ticket("marked_as_spam"), "ticket.withdrawn", "spam"),
        (ticket("soft_deleted"), "ticket.withdrawn", "deleted"),
        (ticket("permanently_deleted"), "ticket.withdrawn", "deleted"),
        (ticket("merged"), "ticket.withdrawn", "merged"),
        (ticket("status_changed", current="DELETED", previous="NEW"), "ticket.withdrawn", "deleted"),
        (ticket("status_changed", current="SCRUBBED", previous="DELETED"), "ticket.withdrawn", "deleted"),
        (ticket("undeleted"), "ticket.restored", None),
    ],
)
def test_a_ticket_is_withdrawn_or_restored(event, kind, reason):
    [found] = mapped("zendesk", event)
    assert (found["type"], found.get("reason"), found["ticket_id"]) == (kind, reason, "4001")


def test_a_status_after_deletion_restores_the_ticket():
    events = mapped("zendesk", ticket("status_changed", current="OPEN", previous="DELETED"))
    assert types(events) == ["ticket.status_changed", "ticket.restored"]


def test_an_archived_ticket_stays_closed():
    assert mapped("zendesk", ticket("status_changed", current="ARCHIVED", previous="CLOSED")) == []


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (ticket("priority_changed", current="URGENT"), "priority", "urgent"),
        (ticket("priority_changed", current=None, previous="URGENT"), "priority", "normal"),
        (ticket("group_assignment_changed", current="8"), "team", "8"),
        (ticket("agent_assignment_changed", current="9"), "agent", "9"),
        (ticket("form_changed", current="7", previous="6"), "category", "7"),
    ],
)
def test_a_changed_field_is_an_update(event, field, value):
    [found] = mapped("zendesk", event)
    assert found["type"] == "ticket.updated"
    assert found[field] == value


@pytest.mark.parametrize("kind", ["group_assignment_changed", "agent_assignment_changed"])
def test_a_reassignment_is_an_update_and_a_transfer(kind):
    events = mapped("zendesk", ticket(kind, current="9", previous="8"))
    assert types(events) == ["ticket.updated", "ticket.transferred"]
    assert events[1]["to"] == "9"
    assert types(mapped("zendesk", ticket(kind, current=None, previous="8"))) == ["ticket.transferred"]


def test_a_new_ticket_has_its_team_category_and_agent():
    opened, agent = mapped("zendesk", ticket("created", group_id="8", form_id="7", assignee_id="9"))
    assert (opened["team"], opened["category"], agent["agent"]) == ("8", "7", "9")
    [opened] = mapped("zendesk", ticket("created", group_id="0", form_id="", assignee_id="0"))
    assert not {"team", "category"} & set(opened)


def test_only_staff_are_agents():
    def comment(staff):
        event = ticket("comment_added")
        event["event"] = {"comment": {"is_public": True, "author": {"id": "5", "is_staff": staff}}}
        [found] = mapped("zendesk", event)
        return found["author"], found.get("agent")

    assert comment(staff=True) == ("agent", "5")
    assert comment(staff=False) == ("customer", None)


def test_another_requester_takes_the_ticket(compute):
    created, changed = (
        ticket("created", 0),
        ticket("requester_changed", current="902", previous="901", requester_id="902", priority="HIGH"),
    )
    events = mapped("zendesk", changed)
    assert [(event["type"], event["customer_id"]) for event in events] == [
        ("ticket.withdrawn", "zendesk:901"),
        ("ticket.opened", "zendesk:902"),
        ("ticket.restored", "zendesk:902"),
        ("ticket.status_changed", "zendesk:902"),
    ]
    assert (events[1]["time"], events[1]["priority"]) == ("2026-06-09T10:00:00Z", "high")
    found = compute("zendesk", created, changed)
    assert found("tickets_unanswered", by="any", priority="high") == 1
    assert unanswered(found) == 1


def test_case_of_a_raised_priority_breaches_the_urgent_target(compute):
    for records in orderings(read(CASES / "21-zendesk-priority-changed" / "in.jsonl")):
        found = compute("zendesk", *records)
        assert breaches(found, "urgent") == (1, 1)
        assert breaches(found, "normal") == (0, 0)


def test_case_of_an_agents_ticket_has_no_first_response(compute):
    [record] = read(CASES / "21-zendesk-priority-changed" / "agent.jsonl")
    assert compute("zendesk", record)("tickets_unanswered", by="any", priority="normal") == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [("csat_received", "csat_event"), ("csat_requested", "csat_event"), ("tags_changed", "other_change")],
)
def test_a_record_without_a_fact_has_a_name(kind, name):
    assert skipped("zendesk", ticket(kind)) == name


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("mail", "email"), ("web_form", "web"), ("phone_call_inbound", "phone"), ("native_messaging", "chat")],
)
def test_a_channel_is_the_contracts(channel, expected):
    [opened] = mapped("zendesk", ticket("created", via={"channel": channel}))
    assert opened["channel"] == expected


@pytest.mark.parametrize(
    ("detail", "into"),
    [
        ({"email": "Ann@shop.example", "external_id": ""}, ["email:ann@shop.example"]),
        ({"email": None, "external_id": "7"}, ["7"]),
        ({"email": "ann@shop.example", "external_id": "7"}, ["email:ann@shop.example", "7"]),
    ],
)
def test_a_user_is_the_customer_of_its_address_and_id(detail, into):
    user = {
        "id": "u",
        "subject": "zen:user:901",
        "time": "2026-06-09T10:00:00Z",
        "detail": {"id": "901"} | detail,
    }
    merged = mapped("zendesk", user)
    assert [event["into"] for event in merged] == into
    assert {event["customer_id"] for event in merged} == {"zendesk:901"}
