"""The actions that are issued for a customer, withdrawn, or held back by the weekly cap."""

import msgspec
import pytest

from models.contract.decoding import to_us
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.action_policy import ACTIONS, ActionPolicy
from models.definitions.definitions import Definitions
from models.outputs.action_selection import ActionSelector
from models.outputs.emitted import EmittedAction
from tests.support.outputs import NO_CONTROL_GROUP, NOW, Scenario
from tests.support.strategies import DAY, HOUR, MINUTE, rfc3339

EVERYONE_IN_CONTROL_GROUP = ActionPolicy(held_out=1.0)


@pytest.fixture
def scenario():
    return Scenario()


def test_unanswered_ticket_is_acknowledged_at_a_quarter(scenario):
    opened = scenario.record("ticket.opened", NOW, ticket_id="t", priority="high")
    assert scenario.actions(NOW + HOUR - 1) == []
    [action] = scenario.actions(NOW + HOUR)
    assert (action.action, action.subject.id, action.cause.id) == ("acknowledge", "t", opened)
    assert to_us(action.due) == NOW + 2 * HOUR
    assert to_us(action.expires) == NOW + 4 * HOUR


def test_acknowledge_is_withdrawn_after_a_reply(scenario):
    scenario.record("ticket.opened", NOW - 2 * HOUR, ticket_id="t", priority="high")
    [issued] = scenario.actions()
    scenario.record("ticket.replied", NOW + 1, ticket_id="t", author="bot")
    [withdrawn] = scenario.actions(NOW + 1)
    assert (withdrawn.state, withdrawn.action_id) == ("withdrawn", issued.action_id)
    assert withdrawn.id != issued.id


def test_breach_is_escalated_once_until_it_is_fulfilled(scenario):
    scenario.record("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    assert scenario.action_states() == [("issued", "escalate")]
    assert scenario.action_states(NOW + HOUR) == []
    scenario.record("ticket.replied", NOW + HOUR, ticket_id="t", author="agent")
    assert scenario.action_states(NOW + HOUR) == [("withdrawn", "escalate")]
    assert scenario.action_states(NOW + 7 * HOUR) == [("issued", "escalate")]  # of the resolution
    scenario.record("ticket.status_changed", NOW + 8 * HOUR, ticket_id="t", status="solved")
    assert scenario.action_states(NOW + 8 * HOUR) == [("withdrawn", "escalate")]


def test_escalation_names_the_missed_target(scenario):
    scenario.record("ticket.opened", NOW - 9 * HOUR, ticket_id="t", priority="urgent")
    scenario.record("ticket.opened", NOW - 2 * HOUR, "bea", ticket_id="t", priority="urgent")
    scenario.record(
        "ticket.replied", NOW - 2 * HOUR, "bea", ticket_id="t", author="bot", promised_at=rfc3339(NOW)
    )
    found = [(value.customer_id, to_us(value.since), value.sla) for value in scenario.actions()]
    assert sorted(found) == [
        ("ann", NOW - 8 * HOUR, "first_response"),
        ("ann", NOW - HOUR, "resolution"),
        ("bea", NOW - HOUR, "first_human_response"),
        ("bea", NOW, "promise"),
    ]
    scenario.record("ticket.replied", NOW + 1, ticket_id="t", author="agent")
    assert [(value.state, value.sla) for value in scenario.actions(NOW + 1)] == [
        ("withdrawn", "first_response")
    ]


def test_stored_action_without_target_is_withdrawn():
    action, state = ACTIONS.index("escalate"), 0
    fields = [action, state, NOW, NOW - 1, NOW + DAY, "ticket", "t", "time", None, 90, 0]
    [issued] = msgspec.msgpack.decode(msgspec.msgpack.encode([fields]), type=list[EmittedAction])
    selector = ActionSelector(Definitions(actions=NO_CONTROL_GROUP))
    [output] = selector.select(Customer(b"ann", CustomerFacts()), [], {"a1": issued}, NOW + 1).outputs
    assert (output.value.state, output.value.action_id, output.value.sla) == ("withdrawn", "a1", None)


def test_late_reply_withdraws_the_escalation(scenario):
    scenario.record("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    assert scenario.action_states() == [("issued", "escalate")]
    scenario.record("ticket.replied", NOW - 30 * MINUTE, ticket_id="t", author="agent")
    assert scenario.action_states(NOW + 1) == [("withdrawn", "escalate")]


def test_late_delivery_gets_one_apology(scenario):
    scenario.order(NOW - DAY, "o", promised_at=rfc3339(NOW))
    assert scenario.actions() == []
    [action] = scenario.actions(NOW + 1)
    assert (action.action, action.subject.kind, action.subject.id) == (
        "apologise_late_delivery",
        "order",
        "o",
    )
    scenario.record("order.delivered", NOW + HOUR, order_id="o")
    assert scenario.actions(NOW + HOUR) == []


def test_cancelled_order_withdraws_the_apology(scenario):
    scenario.order(NOW - DAY, "o", promised_at=rfc3339(NOW))
    assert scenario.action_states(NOW + 1) == [("issued", "apologise_late_delivery")]
    scenario.record("order.cancelled", NOW + 2, order_id="o")
    assert scenario.action_states(NOW + 2) == [("withdrawn", "apologise_late_delivery")]


def test_detractor_and_bad_review_get_service_recovery(scenario):
    scenario.record("survey.answered", NOW, survey="nps", score=3)
    scenario.record("review.submitted", NOW, "bea", review_id="v", rating=1)
    found = {(value.customer_id, value.action, value.priority) for value in scenario.actions()}
    assert found == {("ann", "recover_service", 79), ("bea", "recover_service", 81)}
    scenario.record("review.submitted", NOW + 1, "bea", review_id="v", rating=5)
    assert scenario.action_states(NOW + 1) == [("withdrawn", "recover_service")]


def test_promoter_is_asked_for_review_then_referral(scenario):
    scenario.record("survey.answered", NOW, survey="nps", score=10)
    assert scenario.action_states() == [("issued", "ask_for_review")]
    scenario.record("review.submitted", NOW + HOUR, review_id="v", rating=5)
    assert scenario.action_states(NOW + HOUR) == [
        ("withdrawn", "ask_for_review"),
        ("issued", "ask_for_referral"),
    ]


def test_open_ticket_prevents_asking_for_a_favour(scenario):
    scenario.record("ticket.opened", NOW - MINUTE, ticket_id="t")
    scenario.record("survey.answered", NOW, survey="nps", score=10)
    assert scenario.actions() == []
    scenario.record("ticket.status_changed", NOW + 1, ticket_id="t", status="solved")
    assert scenario.action_states(NOW + 1) == [("issued", "ask_for_review")]


def test_win_back_priority_rises_with_value(scenario):
    for customer, amount in (("ann", 1000), ("bea", 900_000)):
        scenario.order(NOW - 45 * DAY, "o", customer, amount=amount)
    ann, bea = sorted(scenario.actions(), key=lambda value: value.customer_id)
    assert ann.action == bea.action == "win_back"
    assert 30 <= ann.priority < bea.priority <= 70
    scenario.order(NOW + 1, "p")
    assert scenario.action_states(NOW + 1) == [("withdrawn", "win_back")]
    # Ann is at risk again, and Bea has churned: another cause.
    assert scenario.action_states(NOW + 45 * DAY) == [("issued", "win_back")] * 2


def test_higher_tier_is_rewarded_and_lower_is_not(scenario):
    scenario.order(NOW, "o", amount=60_000)
    [action] = scenario.actions()
    assert (action.action, action.priority) == ("reward_loyalty", 45)
    scenario.record("refund.completed", NOW + 1, refund_id="r", order_id="o", amount=30_000)
    assert scenario.action_states(NOW + 1) == [("withdrawn", "reward_loyalty")]


def test_abandoned_cart_is_recovered_unless_ordered_since(scenario):
    scenario.record("checkout.started", NOW, cart_id="k")
    scenario.record("checkout.started", NOW, "bea", cart_id="k")
    scenario.order(NOW + MINUTE, "o", "bea", amount=1)
    assert scenario.actions(NOW + HOUR - 1) == []
    [action] = scenario.actions(NOW + HOUR)
    assert (action.customer_id, action.action, action.subject.id) == ("ann", "recover_cart", "k")
    scenario.order(NOW + 2 * HOUR, "o", cart_id="k")
    assert scenario.action_states(NOW + 2 * HOUR) == [("withdrawn", "recover_cart")]


def test_expired_action_is_neither_issued_nor_withdrawn(scenario):
    scenario.record("survey.answered", NOW, survey="nps", score=0)
    assert scenario.actions(NOW + 7 * DAY) == []
    scenario.record("review.submitted", NOW, review_id="v", rating=1)
    late = Scenario()
    late.record("review.submitted", NOW, review_id="v", rating=1)
    assert late.action_states() == [("issued", "recover_service")]
    late.record("review.removed", NOW + 7 * DAY, review_id="v")
    assert late.actions(NOW + 7 * DAY) == []


def test_done_action_is_not_withdrawn(scenario):
    scenario.record("survey.answered", NOW, survey="nps", score=0)
    [action] = scenario.actions()
    scenario.record("customer.contacted", NOW + 1, action_id=action.action_id)
    scenario.record("survey.answered", NOW + 2, survey="nps", score=8)
    assert scenario.actions(NOW + 2) == []


def test_weekly_cap_admits_the_two_most_important(scenario):
    for number, rating in enumerate((2, 1)):
        scenario.record("review.submitted", NOW, review_id=f"v{number}", rating=rating)
    scenario.record("survey.answered", NOW, survey="nps", score=0)
    issued = scenario.actions()
    assert [value.priority for value in issued] == [82, 81]
    assert scenario.actions(NOW + 6 * DAY) == []
    assert scenario.harness.next_checks["ann"] <= NOW + 7 * DAY


def test_capped_action_is_issued_when_the_cap_admits_it(scenario):
    for number in range(3):
        scenario.order(NOW - DAY, f"o{number}", amount=1, promised_at=rfc3339(NOW - number * HOUR))
    scenario.order(NOW - DAY, "o9", amount=1, promised_at=rfc3339(NOW + DAY))
    assert len(scenario.actions()) == 2
    assert scenario.actions(NOW + DAY + 1) == []
    [later] = scenario.actions(NOW + 7 * DAY)
    assert later.subject.id == "o9"  # the other one has expired


def test_cap_counts_foreign_contacts_not_withdrawn_actions(scenario):
    for number in range(2):
        scenario.record("customer.contacted", NOW - 1, action_id=f"newsletter {number}")
    scenario.record("survey.answered", NOW, survey="nps", score=0)
    assert scenario.actions() == []
    scenario.record("survey.answered", NOW, "bea", survey="nps", score=0)
    scenario.record("survey.answered", NOW + 1, "bea", survey="nps", score=8)
    scenario.record("review.submitted", NOW + 2, "bea", review_id="v", rating=1)
    scenario.record("review.submitted", NOW + 2, "bea", review_id="w", rating=1)
    assert len(scenario.actions(NOW + 2)) == 2


def test_done_escalation_does_not_count_for_the_cap(scenario):
    scenario.record("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    [escalated] = scenario.actions()
    for number in range(2):
        scenario.record("review.submitted", NOW + 1, review_id=f"v{number}", rating=1)
    scenario.record("customer.contacted", NOW + 1, action_id=escalated.action_id)
    assert len(scenario.actions(NOW + 1)) == 2


def test_escalations_are_not_capped(scenario):
    for number in range(5):
        scenario.record("ticket.opened", NOW - HOUR, ticket_id=f"t{number}", priority="urgent")
    assert scenario.action_states() == [("issued", "escalate")] * 5


def test_control_group_gets_only_escalations():
    scenario = Scenario(EVERYONE_IN_CONTROL_GROUP)
    scenario.record("survey.answered", NOW, survey="nps", score=0)
    scenario.record("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    assert scenario.action_states() == [("issued", "escalate")]
    scenario.record("survey.answered", NOW + 1, survey="nps", score=9)
    assert scenario.actions(NOW + 1) == []


def test_control_group_is_a_constant_tenth():
    names = [f"customer-{number}".encode() for number in range(5000)]
    held = [name for name in names if ActionSelector(Definitions()).is_held_out(name)]
    assert 400 < len(held) < 600
    assert held[:3] == [b"customer-7", b"customer-14", b"customer-31"]
    other = ActionSelector(Definitions(actions=ActionPolicy(hold_out_key="spring")))
    assert [name for name in names if other.is_held_out(name)] != held


@pytest.mark.parametrize("action", ACTIONS)
def test_disabled_action_is_not_issued(action):
    def actions_of(policy):
        scenario = Scenario(policy)
        scenario.record("ticket.opened", NOW - 30 * MINUTE, "a", ticket_id="t", priority="urgent")
        scenario.record("ticket.opened", NOW - HOUR, "b", ticket_id="t", priority="urgent")
        scenario.order(NOW - 45 * DAY, "o", "c")
        scenario.record("survey.answered", NOW, "d", survey="nps", score=1)
        scenario.record("checkout.started", NOW - HOUR, "e", cart_id="k")
        scenario.order(NOW - DAY, "o", "f", promised_at=rfc3339(NOW - 1))
        scenario.record("survey.answered", NOW, "g", survey="nps", score=9)
        scenario.record("survey.answered", NOW, "h", survey="nps", score=9)
        scenario.record("review.submitted", NOW - 1, "h", review_id="v", rating=5)
        scenario.order(NOW, "o", "i", amount=20_000)
        return {value.action for value in scenario.actions()}

    assert actions_of(NO_CONTROL_GROUP) == set(ACTIONS)
    assert actions_of(ActionPolicy(held_out=0.0, off=(action,))) == set(ACTIONS) - {action}
