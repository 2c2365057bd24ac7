"""SLA decisions: fulfilled, breached or open."""

import pytest

from models.definitions.definitions import PRIORITIES, Definitions
from models.entities.exposures import SLOW_RESPONSE
from models.entities.sla import KINDS, SlaOutcome, decide
from models.entities.sla_limits import time_limits
from models.entities.tickets import derive
from models.facts.claims import AGENT, BOT, Opened, Replied, StatusChanged, TicketUpdated

LIMITS = time_limits(Definitions(sla=dict.fromkeys(PRIORITIES, (100, 1000))))
SECOND = 1_000_000
NORMAL = PRIORITIES.index("normal")


def decisions(now, *claims):
    ticket = derive([Opened(0, "o", 0, False, "web"), *claims])
    return {KINDS[each.kind]: each for each in decide(ticket, LIMITS, now * SECOND)}


def reply(time, author=AGENT, promised=None):
    return Replied(time * SECOND, f"r{time}", author, True, None if promised is None else promised * SECOND)


@pytest.mark.parametrize(
    ("now", "claims", "decided", "breached"),
    [
        (99, (), None, False),
        (100, (), 100, True),
        (100, (reply(100),), 100, False),
        (50, (reply(40),), 40, False),
        (200, (reply(150),), 100, True),
    ],
)
def test_response_target_is_open_fulfilled_or_breached(now, claims, decided, breached):
    decision = decisions(now, *claims)["first_response"]
    assert decision.due == 100 * SECOND
    assert decision.decided == (None if decided is None else decided * SECOND)
    assert decision.breached is breached


def test_late_response_is_named_beside_the_breach():
    assert decisions(200, reply(150))["first_response"].fulfilled == 150 * SECOND


def test_reply_of_a_bot_fulfils_no_human_target():
    found = decisions(100, reply(40, BOT))
    assert (found["first_response"].breached, found["first_human_response"].breached) == (False, True)


def test_promise_is_a_target_of_its_own():
    found = decisions(60, reply(40, promised=50), StatusChanged(55 * SECOND, "s", 3))
    assert (found["resolution"].decided, found["promise"].breached) == (55 * SECOND, True)


def test_ticket_of_an_agent_has_no_response_target():
    ticket = derive([Opened(0, "o", 0, True, "web")])
    assert [KINDS[each.kind] for each in decide(ticket, LIMITS, 0)] == ["resolution"]


def test_outcome_is_due_with_its_next_open_target():
    ticket = derive([Opened(0, "o", 0, False, "web")])
    outcome = SlaOutcome(decide(ticket, LIMITS, 100 * SECOND))
    assert outcome.due == 1000 * SECOND
    assert len(outcome.exposures()) == 1


#: (first response, resolution) in seconds, in the order of `PRIORITIES`.
BY_PRIORITY = time_limits(
    Definitions(sla=dict(zip(PRIORITIES, [(48, 168), (24, 72), (4, 24), (1, 8)], strict=True)))
)


def judged(now, *claims):
    """Return the state of each target of a ticket of normal priority, opened at 0. Times are in seconds."""
    ticket = derive([Opened(0, "o", NORMAL, False, "web"), *claims])
    found = decide(ticket, BY_PRIORITY, now * SECOND)
    return {
        KINDS[each.kind]: (seconds(each.decided), each.breached, PRIORITIES[each.priority]) for each in found
    }


def seconds(time):
    return None if time is None else time // SECOND


def raised(time, priority):
    return TicketUpdated(time * SECOND, f"u{time}", PRIORITIES.index(priority))


def solved(time):
    return StatusChanged(time * SECOND, f"s{time}", 3)


@pytest.mark.parametrize(
    ("now", "claims", "response"),
    [
        # raised before the new due time: due earlier
        (0, [raised(0, "urgent")], (None, False, "urgent")),
        (1, [raised(0, "urgent")], (1, True, "urgent")),
        # raised after the new due time: breached at the instant of the change
        (2, [raised(2, "urgent")], (2, True, "urgent")),
        (5, [raised(2, "urgent"), reply(5)], (2, True, "urgent")),
        # answered before the raise, or at its instant: fulfilled in time
        (5, [reply(1), raised(2, "urgent")], (1, False, "normal")),
        (5, [reply(2), raised(2, "urgent")], (2, False, "urgent")),
        # lowered after the breach: stays breached
        (60, [raised(2, "urgent"), raised(3, "low")], (2, True, "urgent")),
        # lowered before the breach: judged by the lower priority from then on
        (30, [raised(3, "low")], (None, False, "low")),
        (60, [raised(3, "low")], (48, True, "low")),
        (60, [raised(3, "low"), reply(40)], (40, False, "low")),
        # lowered at the due time: the lower priority is in force at that instant
        (30, [raised(24, "low")], (None, False, "low")),
        # raised and lowered at one instant: the last one by id is in force
        (3, [raised(2, "urgent"), TicketUpdated(2 * SECOND, "z", NORMAL)], (None, False, "normal")),
        # low for long, then as at first: overdue since the due time of normal, which is in force again
        (40, [raised(3, "low"), raised(30, "normal")], (30, True, "normal")),
    ],
)
def test_response_is_judged_by_the_priority_in_force(now, claims, response):
    assert judged(now, *claims)["first_response"] == response


def test_resolution_decided_once_stays_when_reopened():
    reopened = StatusChanged(6 * SECOND, "r", 0)
    found = judged(100, solved(5), reopened, raised(7, "urgent"))
    assert found["resolution"] == (5, False, "normal")


def test_promise_only_counts_under_another_priority():
    promised = reply(1, promised=10)
    assert judged(20, promised, raised(2, "urgent"))["promise"] == (10, True, "urgent")
    assert judged(20, promised, solved(4), raised(5, "urgent"))["promise"] == (4, False, "normal")
    assert judged(9, promised, raised(2, "urgent"))["promise"] == (None, False, "urgent")


def test_promise_from_before_the_opening_is_breached_in_the_past():
    promised = Replied(SECOND, "r", AGENT, True, -5 * SECOND)
    assert judged(20, promised, raised(2, "urgent"))["promise"] == (-5, True, "normal")


def test_breach_by_a_raise_is_an_exposure_of_its_instant():
    hour = 3600 * SECOND
    limits = time_limits(Definitions())
    ticket = derive([Opened(0, "o", NORMAL, False, "web"), TicketUpdated(5 * hour, "u", 3)])
    outcome = SlaOutcome(decide(ticket, limits, 6 * hour))
    assert outcome.exposures() == ((SLOW_RESPONSE, 5),)
    assert outcome.due == 8 * hour
