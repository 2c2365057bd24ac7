"""Test the flows of an entity, and the times at which they count."""

from models.entities.feedback import CSAT, NPS
from models.entities.flows import Flow, csat_flows, difference, nps_flows, order_flows, ticket_flows
from models.entities.orders import Order
from models.entities.sla import PROMISE, RESOLUTION, Decision, SlaOutcome
from models.entities.tickets import derive
from models.facts.claims import AGENT, Answered, Opened, Replied

HOUR = 3_600_000_000


def order(*, amount=100, refunded=0, cancelled=False, promised=None, delivered=None) -> Order:
    """Return an order of hour 5."""
    qualifying = not cancelled and not (refunded and refunded >= amount)
    refunds = int(refunded > 0)
    rest = (cancelled, qualifying, None, promised, delivered)
    return Order(5 * HOUR, "e", 5, amount, refunds, refunded, "EUR", "web", *rest)


def test_qualifying_order_counts_with_its_net_at_its_time():
    assert set(order_flows(order(refunded=30))) == {
        Flow("orders", 5 * HOUR),
        Flow("net", 5 * HOUR, 70, "EUR"),
        Flow("placed", 5 * HOUR),
        Flow("refunded", 5 * HOUR),
    }


def test_fully_refunded_order_counts_only_for_the_refund_ratio():
    assert [flow.measure for flow in order_flows(order(refunded=100))] == ["placed", "refunded"]


def test_cancelled_order_has_only_its_delivery():
    flows = list(order_flows(order(cancelled=True, promised=8 * HOUR, delivered=8 * HOUR)))
    assert flows == [Flow("promised", 8 * HOUR), Flow("on_time", 8 * HOUR)]


def test_late_delivery_is_not_on_time():
    flows = order_flows(order(cancelled=True, promised=8 * HOUR, delivered=8 * HOUR + 1))
    assert [flow.measure for flow in flows] == ["promised"]


def test_order_that_does_not_exist_has_no_flows():
    assert list(order_flows(None)) == []


def test_ticket_counts_human_response_and_decided_targets():
    ticket = derive([Opened(0, "a", 1, False, "web"), Replied(2 * HOUR, "b", AGENT, True)])
    decisions = [
        Decision(RESOLUTION, 9, None, 9, True, 1),
        Decision(PROMISE, 8, None, None, False, 1),
    ]
    assert set(ticket_flows(ticket, SlaOutcome(decisions))) == {
        Flow("responses", 2 * HOUR),
        Flow("response_time", 2 * HOUR, 2 * HOUR),
        Flow("decided", 9, 1, "resolution"),
        Flow("breached", 9, 1, "resolution"),
    }


def test_ticket_opened_by_an_agent_has_no_response():
    ticket = derive([Opened(0, "a", 1, True, "web"), Replied(2 * HOUR, "b", AGENT, True)])
    assert list(ticket_flows(ticket, SlaOutcome([]))) == []


def test_answers_count_by_their_survey_and_score():
    answers = [Answered(1, "a", CSAT, 4), Answered(2, "b", CSAT, 3), Answered(3, "c", NPS, 9)]
    csat = [("csat_answers", 1), ("satisfied", 1), ("csat_answers", 2)]
    assert [(flow.measure, flow.time) for flow in csat_flows(answers)] == csat
    assert [flow.measure for flow in nps_flows(answers[2])] == ["nps_answers", "promoters"]


def test_difference_counts_flows_that_are_not_in_both():
    one, two = Flow("decided", 1, 1, "promise"), Flow("breached", 1, 1, "promise")
    assert difference([one, two], [one, one]) == [(one, 1), (two, -1)]
    assert difference([one], [one]) == []
