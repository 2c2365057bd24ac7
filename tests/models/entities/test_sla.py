"""SLA decisions: fulfilled, breached or open."""

import pytest

from models.definitions.definitions import PRIORITIES, Definitions
from models.entities.sla import KINDS, SlaOutcome, decide, time_limits
from models.entities.tickets import derive
from models.facts.claims import AGENT, BOT, Opened, Replied, StatusChanged

LIMITS = time_limits(Definitions(sla=dict.fromkeys(PRIORITIES, (100, 1000))))
SECOND = 1_000_000


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
    outcome = SlaOutcome(list(decide(ticket, LIMITS, 100 * SECOND)))
    assert outcome.due == 1000 * SECOND
    assert len(outcome.exposures()) == 1
