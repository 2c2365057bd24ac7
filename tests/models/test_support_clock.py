"""Test pauses, turns and targets by tier: by hand, by the faults of other help desks, and in the oracle."""

import tomllib

import pytest

from streams.config import toml_file
from tests.oracle import oracle
from tests.oracle.values import microseconds
from tests.support.simulated_worker import SimulatedWorker

#: Support is open from Monday to Friday, 9 to 17 in Berlin. 12 June 2026 is a Friday.
DEFINITIONS = toml_file.definitions(
    tomllib.loads("""
[schedules.support]
zone = "Europe/Berlin"
mon = ["09:00-17:00"]
tue = ["09:00-17:00"]
wed = ["09:00-17:00"]
thu = ["09:00-17:00"]
fri = ["09:00-17:00"]

[sla]
schedule = "support"
first_response = "4h"
resolution = "8h"

[sla.high]
resolution = "4h"
next_response = "2h"

[sla.normal]
next_response = "2h"

[sla.normal.tier.vip]
resolution = "3h"
"""),
    known=(),
    path=None,
)


def at(text):
    """Return a time of June 2026 in Berlin, such as `12 13:00`, as RFC 3339."""
    day, clock = text.split()
    return f"2026-06-{day}T{clock}{':00' if len(clock) == 5 else ''}+02:00"


def events(*lines):
    """Return the events of one ticket, each written as its time and a short form such as `pending`."""
    found = []
    for number, line in enumerate(lines):
        day, clock, what, *rest = line.split()
        head = {"id": f"e{number:02}", "time": at(f"{day} {clock}"), "customer_id": "ada"}
        found.append(head | body(what, *rest))
    return found


def body(what, *rest):
    """Return type and fields of an event in its short form."""
    about = {"ticket_id": "t"}
    if what == "opened":
        return {"type": "ticket.opened", **about, **dict(part.split("=") for part in rest)}
    if what in ("agent", "bot", "customer"):
        return {"type": "ticket.replied", **about, "author": what, "public": "private" not in rest}
    if what in ("low", "normal", "high", "urgent"):
        return {"type": "ticket.updated", **about, "priority": what}
    if what == "order":
        return {"type": "order.placed", "order_id": "o", "amount": int(rest[0]), "currency": "USD"}
    if what == "refund":
        about = {"refund_id": "r", "order_id": "o"}
        return {"type": "refund.completed", **about, "amount": int(rest[0])}
    return {"type": "ticket.status_changed", **about, "status": what}


def computed_by_oracle(given, now):
    return oracle(given, now, DEFINITIONS)


def computed_by_worker(given, now):
    worker = SimulatedWorker(DEFINITIONS, 1)
    worker.advance(now)
    for event in given:
        worker.deliver(event)
    return worker.results(now)


@pytest.fixture(params=[computed_by_oracle, computed_by_worker])
def compute(request):
    return request.param


def decisions(series, sla):
    """Return the breached and the decided targets of a kind."""
    key = {"window": "7d", "sla": sla, "priority": "all"}
    found = series["retention_sla_breach_ratio", frozenset(key.items())]
    return found.numerator, found.denominator


def assert_breached_at(compute, given, sla, time):
    """Assert that a target is open until an instant, and breached at it."""
    due = microseconds(at(time))
    known = [event for event in given if microseconds(event["time"]) < due]
    assert decisions(compute(known, due - 1), sla) == (0, 0)
    assert decisions(compute(given, due), sla) == (1, 1)


#: Thread that describes the fault, events, kind of the target, and when it is breached.
BREACHES = [
    (
        "glpi-project/glpi#10594: time in pending counts hours in which the desk is closed",
        ["12 13:00 opened", "12 15:00 pending", "15 11:00 open"], "resolution", "15 17:00",
    ),
    (
        "glpi-project/glpi#9082: the due time after a pause lies outside the hours of the desk",
        ["12 12:00 opened", "12 13:00 pending", "12 16:30 open"], "resolution", "15 15:30",
    ),
    (
        "glpi-project/glpi#15605: the targets of another priority forget the pause",
        ["12 09:00 opened", "12 10:00 pending", "15 09:00 high", "15 12:00 open"], "resolution", "15 15:00",
    ),
    (
        "glpi-project/glpi#6902: a priority that is raised during a pause breaches at once",
        ["11 10:00 opened", "11 10:05 pending", "11 10:30 high", "11 11:00 open"], "resolution", "11 14:55",
    ),
    (
        "zammad/zammad#188: a pause after a reopening is not deducted",
        ["11 09:00 opened", "11 10:00 pending", "11 12:00 open", "11 13:00 pending", "12 09:00 open"],
        "resolution", "12 15:00",
    ),
    (
        "raised while paused",
        ["12 09:00 opened", "12 15:00 pending", "12 16:00 high"], "resolution", "12 16:00",
    ),
    ("reached as the pause begins", ["12 09:00 opened", "12 17:00 pending"], "resolution", "12 17:00"),
    ("opened while closed", ["12 20:00 opened"], "first_response", "15 13:00"),
    ("paused, first response", ["12 09:00 opened", "12 10:00 pending"], "first_response", "12 13:00"),
    (
        "the customer waits over the weekend",
        ["12 09:00 opened", "12 10:00 agent", "12 16:00 customer", "12 16:30 customer"],
        "next_response", "15 10:00",
    ),
    (
        "overdue before it is solved",
        ["11 09:00 opened", "11 09:30 agent", "11 10:00 customer", "11 12:00 solved"],
        "next_response", "11 12:00",
    ),
    (
        "a message to a solved ticket begins a turn at the reopening",
        ["11 09:00 opened", "11 10:00 agent", "11 11:00 solved", "11 12:00 customer", "11 14:00 open"],
        "next_response", "11 16:00",
    ),
    (
        "an opening by an agent counts as a reply",
        ["11 09:00 opened opened_by=agent", "11 10:00 customer", "11 11:00 bot", "11 11:30 agent private"],
        "next_response", "11 12:00",
    ),
    (
        "the priority had no such target in between",
        ["11 09:00 opened", "11 10:00 agent", "11 11:00 customer", "11 11:30 urgent", "11 14:00 high"],
        "next_response", "11 14:00",
    ),
    ("tier", ["01 09:00 order 100000", "12 09:00 opened"], "resolution", "12 12:00"),
    (
        "tier, as known now",
        ["01 09:00 order 100000", "10 09:00 refund 60000", "11 09:00 opened"], "resolution", "11 17:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("_fault", "lines", "sla", "time"), BREACHES, ids=[case[0] for case in BREACHES])
def test_target_is_breached_at_its_instant(compute, _fault, lines, sla, time):
    assert_breached_at(compute, events(*lines), sla, time)


#: Thread that describes the fault, events, kind of the target, and its breached and decided targets.
DECISIONS = [
    (
        "frappe/helpdesk#3776: the pause is ignored if the ticket goes from pending to solved",
        ["10 09:00 opened", "10 10:00 pending", "15 09:00 solved"], "resolution", (0, 1),
    ),
    (
        "frappe/helpdesk#1554: the clock runs on while the ticket waits for the customer",
        ["10 09:00 opened", "10 10:00 pending"], "resolution", (0, 0),
    ),
    (
        "zammad/zammad#3140: the time to the next answer runs although the agent answered last",
        ["10 09:00 opened", "10 10:00 agent", "10 10:30 agent"], "next_response", (0, 0),
    ),
    (
        "chatwoot/chatwoot#10178: the time to the next answer runs on after the ticket is solved",
        ["10 09:00 opened", "10 10:00 agent", "10 11:00 customer", "10 11:30 solved"],
        "next_response", (0, 0),
    ),
    (
        "zammad/zammad#5177: the next answer is due before the first one",
        ["10 09:00 opened", "10 09:30 customer", "10 10:00 bot", "10 10:30 customer"],
        "next_response", (0, 0),
    ),
    (
        "glpi-project/glpi#687: a ticket that is opened and answered outside hours has no numbers",
        ["12 19:00 opened", "12 21:00 agent"], "first_response", (0, 1),
    ),
    (
        "answered at the due instant",
        ["11 09:00 opened", "11 10:00 agent", "11 11:00 customer", "11 13:00 agent"],
        "next_response", (0, 1),
    ),
    (
        "replies come before statuses of the same instant",
        ["11 09:00 opened", "11 10:00 agent", "11 11:00 solved", "11 11:00 customer", "11 12:00 agent"],
        "next_response", (0, 0),
    ),
    (
        "answered under a priority without such a target",
        ["11 09:00 opened", "11 10:00 agent", "11 11:00 customer", "11 11:30 urgent", "11 12:00 agent"],
        "next_response", (0, 0),
    ),
    (
        "three turns",
        ["10 09:00 opened", "10 10:00 agent", "10 11:00 customer", "10 12:00 agent", "10 13:00 customer",
         "10 16:00 agent", "11 10:00 customer", "11 11:00 agent"],
        "next_response", (1, 3),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_fault", "lines", "sla", "expected"), DECISIONS, ids=[case[0] for case in DECISIONS]
)
def test_decisions_of_a_ticket(compute, _fault, lines, sla, expected):
    assert decisions(compute(events(*lines), microseconds(at("15 09:00"))), sla) == expected
