"""What is to be done for a customer, and what keeps it from being too much."""

import msgspec
import pytest

from models.contract.decoding import to_us
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.action_policy import ACTIONS, ActionPolicy
from models.definitions.definitions import Definitions
from models.outputs.action_selection import ActionSelector
from models.outputs.emitted import Issued
from tests.support.outputs import Town
from tests.support.strategies import DAY, HOUR, MINUTE, rfc3339

NOW = 1_772_704_800_000_000
#: Of the customers below, who is held out is no accident.
NOBODY_HELD = ActionPolicy(held_out=0.0)
EVERYBODY_HELD = ActionPolicy(held_out=1.0)


class Street:
    """Customers to whom things happen, and what is asked for."""

    def __init__(self, practice=NOBODY_HELD):
        self.events = []
        self.town = Town(Definitions(actions=practice))

    def say(self, kind, time, customer="ann", **fields):
        """Something happens; gives the event's id."""
        name = f"e{len(self.events)}"
        header = {"id": name, "type": kind, "time": rfc3339(time), "customer_id": customer}
        self.events.append(header | fields)
        return name

    def order(self, time, name, customer="ann", **fields):
        money = {"amount": 1000, "currency": "USD"}
        return self.say("order.placed", time, customer, **(money | {"order_id": name} | fields))

    def look(self, now=NOW):
        """What is said of actions now."""
        return [
            output.value for output in self.town.look(self.events, now) if output.type == "retention.action"
        ]

    def names(self, now=NOW):
        return [(value.state, value.action) for value in self.look(now)]


@pytest.fixture
def street():
    return Street()


def test_a_ticket_is_to_be_acknowledged_before_half_its_target_has_gone(street):
    opened = street.say("ticket.opened", NOW, ticket_id="t", priority="high")
    assert street.look(NOW + HOUR - 1) == []
    [action] = street.look(NOW + HOUR)
    assert (action.action, action.subject.id, action.cause.id) == ("acknowledge", "t", opened)
    assert to_us(action.due) == NOW + 2 * HOUR
    assert to_us(action.expires) == NOW + 4 * HOUR


def test_it_is_taken_back_when_somebody_has_answered(street):
    street.say("ticket.opened", NOW - 2 * HOUR, ticket_id="t", priority="high")
    [asked] = street.look()
    street.say("ticket.replied", NOW + 1, ticket_id="t", author="bot")
    [taken_back] = street.look(NOW + 1)
    assert (taken_back.state, taken_back.action_id) == ("withdrawn", asked.action_id)
    assert taken_back.id != asked.id


def test_a_breach_is_escalated_once_until_it_is_mended(street):
    street.say("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    assert street.names() == [("issued", "escalate")]
    assert street.names(NOW + HOUR) == []
    street.say("ticket.replied", NOW + HOUR, ticket_id="t", author="agent")
    assert street.names(NOW + HOUR) == [("withdrawn", "escalate")]
    assert street.names(NOW + 7 * HOUR) == [("issued", "escalate")]  # of the resolution
    street.say("ticket.status_changed", NOW + 8 * HOUR, ticket_id="t", status="solved")
    assert street.names(NOW + 8 * HOUR) == [("withdrawn", "escalate")]


def test_an_escalation_names_the_target_that_was_missed(street):
    street.say("ticket.opened", NOW - 9 * HOUR, ticket_id="t", priority="urgent")
    street.say("ticket.opened", NOW - 2 * HOUR, "bea", ticket_id="t", priority="urgent")
    street.say("ticket.replied", NOW - 2 * HOUR, "bea", ticket_id="t", author="bot", promised_at=rfc3339(NOW))
    found = [(value.customer_id, to_us(value.since), value.sla) for value in street.look()]
    assert sorted(found) == [
        ("ann", NOW - 8 * HOUR, "first_response"),
        ("ann", NOW - HOUR, "resolution"),
        ("bea", NOW - HOUR, "first_human_response"),
        ("bea", NOW, "promise"),
    ]
    street.say("ticket.replied", NOW + 1, ticket_id="t", author="agent")
    assert [(value.state, value.sla) for value in street.look(NOW + 1)] == [("withdrawn", "first_response")]


def test_what_was_said_before_targets_were_named_is_known_and_taken_back():
    action, state = ACTIONS.index("escalate"), 0
    fields = [action, state, NOW, NOW - 1, NOW + DAY, "ticket", "t", "time", None, 90, 0]
    [issued] = msgspec.msgpack.decode(msgspec.msgpack.encode([fields]), type=list[Issued])
    news = ActionSelector(Definitions(actions=NOBODY_HELD))
    _, [output], _ = news.say(Customer(b"ann", CustomerFacts()), [], {"a1": issued}, NOW + 1)
    assert (output.value.state, output.value.action_id, output.value.sla) == ("withdrawn", "a1", None)


def test_a_late_event_that_shows_no_breach_takes_the_escalation_back(street):
    street.say("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    assert street.names() == [("issued", "escalate")]
    street.say("ticket.replied", NOW - 30 * MINUTE, ticket_id="t", author="agent")
    assert street.names(NOW + 1) == [("withdrawn", "escalate")]


def test_an_apology_for_what_comes_late_once(street):
    street.order(NOW - DAY, "o", promised_at=rfc3339(NOW))
    assert street.look() == []
    [action] = street.look(NOW + 1)
    assert (action.action, action.subject.kind, action.subject.id) == (
        "apologise_late_delivery",
        "order",
        "o",
    )
    street.say("order.delivered", NOW + HOUR, order_id="o")
    assert street.look(NOW + HOUR) == []


def test_no_apology_for_an_order_that_was_cancelled(street):
    street.order(NOW - DAY, "o", promised_at=rfc3339(NOW))
    assert street.names(NOW + 1) == [("issued", "apologise_late_delivery")]
    street.say("order.cancelled", NOW + 2, order_id="o")
    assert street.names(NOW + 2) == [("withdrawn", "apologise_late_delivery")]


def test_a_detractor_and_a_bad_review_ask_for_service(street):
    street.say("survey.answered", NOW, survey="nps", score=3)
    street.say("review.submitted", NOW, "bea", review_id="v", rating=1)
    found = {(value.customer_id, value.action, value.priority) for value in street.look()}
    assert found == {("ann", "recover_service", 79), ("bea", "recover_service", 81)}
    street.say("review.submitted", NOW + 1, "bea", review_id="v", rating=5)
    assert street.names(NOW + 1) == [("withdrawn", "recover_service")]


def test_a_promoter_is_asked_for_a_review_and_after_it_for_a_referral(street):
    street.say("survey.answered", NOW, survey="nps", score=10)
    assert street.names() == [("issued", "ask_for_review")]
    street.say("review.submitted", NOW + HOUR, review_id="v", rating=5)
    assert street.names(NOW + HOUR) == [("withdrawn", "ask_for_review"), ("issued", "ask_for_referral")]


def test_no_favour_is_asked_while_a_ticket_is_open(street):
    street.say("ticket.opened", NOW - MINUTE, ticket_id="t")
    street.say("survey.answered", NOW, survey="nps", score=10)
    assert street.look() == []
    street.say("ticket.status_changed", NOW + 1, ticket_id="t", status="solved")
    assert street.names(NOW + 1) == [("issued", "ask_for_review")]


def test_who_is_silent_is_won_back_the_most_valuable_first(street):
    for customer, amount in (("ann", 1000), ("bea", 900_000)):
        street.order(NOW - 45 * DAY, "o", customer, amount=amount)
    ann, bea = sorted(street.look(), key=lambda value: value.customer_id)
    assert ann.action == bea.action == "win_back"
    assert 30 <= ann.priority < bea.priority <= 70
    street.order(NOW + 1, "p")
    assert street.names(NOW + 1) == [("withdrawn", "win_back")]
    # Ann is at risk again, and Bea has churned: another cause.
    assert street.names(NOW + 45 * DAY) == [("issued", "win_back")] * 2


def test_a_tier_that_was_reached_is_rewarded_one_that_was_lost_is_not(street):
    street.order(NOW, "o", amount=60_000)
    [action] = street.look()
    assert (action.action, action.priority) == ("reward_loyalty", 45)
    street.say("refund.completed", NOW + 1, refund_id="r", order_id="o", amount=30_000)
    assert street.names(NOW + 1) == [("withdrawn", "reward_loyalty")]


def test_a_cart_is_recovered_unless_something_was_bought(street):
    street.say("checkout.started", NOW, cart_id="k")
    street.say("checkout.started", NOW, "bea", cart_id="k")
    street.order(NOW + MINUTE, "o", "bea", amount=1)
    assert street.look(NOW + HOUR - 1) == []
    [action] = street.look(NOW + HOUR)
    assert (action.customer_id, action.action, action.subject.id) == ("ann", "recover_cart", "k")
    street.order(NOW + 2 * HOUR, "o", cart_id="k")
    assert street.names(NOW + 2 * HOUR) == [("withdrawn", "recover_cart")]


def test_what_has_expired_is_neither_asked_for_nor_taken_back(street):
    street.say("survey.answered", NOW, survey="nps", score=0)
    assert street.look(NOW + 7 * DAY) == []
    street.say("review.submitted", NOW, review_id="v", rating=1)
    late = Street()
    late.say("review.submitted", NOW, review_id="v", rating=1)
    assert late.names() == [("issued", "recover_service")]
    late.say("review.removed", NOW + 7 * DAY, review_id="v")
    assert late.look(NOW + 7 * DAY) == []


def test_an_action_that_was_done_is_not_taken_back(street):
    street.say("survey.answered", NOW, survey="nps", score=0)
    [action] = street.look()
    street.say("customer.contacted", NOW + 1, action_id=action.action_id)
    street.say("survey.answered", NOW + 2, survey="nps", score=8)
    assert street.look(NOW + 2) == []


def test_no_more_than_two_a_week_the_most_important_first(street):
    for number, rating in enumerate((2, 1)):
        street.say("review.submitted", NOW, review_id=f"v{number}", rating=rating)
    street.say("survey.answered", NOW, survey="nps", score=0)
    asked = street.look()
    assert [value.priority for value in asked] == [82, 81]
    assert street.look(NOW + 6 * DAY) == []
    assert street.town.until["ann"] <= NOW + 7 * DAY


def test_what_the_cap_held_back_comes_when_it_may(street):
    for number in range(3):
        street.order(NOW - DAY, f"o{number}", amount=1, promised_at=rfc3339(NOW - number * HOUR))
    street.order(NOW - DAY, "o9", amount=1, promised_at=rfc3339(NOW + DAY))
    assert len(street.look()) == 2
    assert street.look(NOW + DAY + 1) == []
    [later] = street.look(NOW + 7 * DAY)
    assert later.subject.id == "o9"  # the other one has expired


def test_actions_of_others_count_and_those_that_were_taken_back_do_not(street):
    for number in range(2):
        street.say("customer.contacted", NOW - 1, action_id=f"newsletter {number}")
    street.say("survey.answered", NOW, survey="nps", score=0)
    assert street.look() == []
    street.say("survey.answered", NOW, "bea", survey="nps", score=0)
    street.say("survey.answered", NOW + 1, "bea", survey="nps", score=8)
    street.say("review.submitted", NOW + 2, "bea", review_id="v", rating=1)
    street.say("review.submitted", NOW + 2, "bea", review_id="w", rating=1)
    assert len(street.look(NOW + 2)) == 2


def test_who_was_answered_was_not_reached(street):
    street.say("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    [escalated] = street.look()
    for number in range(2):
        street.say("review.submitted", NOW + 1, review_id=f"v{number}", rating=1)
    street.say("customer.contacted", NOW + 1, action_id=escalated.action_id)
    assert len(street.look(NOW + 1)) == 2


def test_those_who_answer_tickets_are_asked_however_often(street):
    for number in range(5):
        street.say("ticket.opened", NOW - HOUR, ticket_id=f"t{number}", priority="urgent")
    assert street.names() == [("issued", "escalate")] * 5


def test_who_is_held_out_is_never_reached_and_the_desk_still_answers():
    street = Street(EVERYBODY_HELD)
    street.say("survey.answered", NOW, survey="nps", score=0)
    street.say("ticket.opened", NOW - HOUR, ticket_id="t", priority="urgent")
    assert street.names() == [("issued", "escalate")]
    street.say("survey.answered", NOW + 1, survey="nps", score=9)
    assert street.look(NOW + 1) == []


def test_a_tenth_is_held_out_the_same_for_ever():
    names = [f"customer-{number}".encode() for number in range(5000)]
    held = [name for name in names if ActionSelector(Definitions()).is_held_out(name)]
    assert 400 < len(held) < 600
    assert held[:3] == [b"customer-7", b"customer-14", b"customer-31"]
    other = ActionSelector(Definitions(actions=ActionPolicy(hold_out_key="spring")))
    assert [name for name in names if other.is_held_out(name)] != held


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_off_is_not_asked_for(action):
    def happen(practice):
        street = Street(practice)
        street.say("ticket.opened", NOW - 30 * MINUTE, "a", ticket_id="t", priority="urgent")
        street.say("ticket.opened", NOW - HOUR, "b", ticket_id="t", priority="urgent")
        street.order(NOW - 45 * DAY, "o", "c")
        street.say("survey.answered", NOW, "d", survey="nps", score=1)
        street.say("checkout.started", NOW - HOUR, "e", cart_id="k")
        street.order(NOW - DAY, "o", "f", promised_at=rfc3339(NOW - 1))
        street.say("survey.answered", NOW, "g", survey="nps", score=9)
        street.say("survey.answered", NOW, "h", survey="nps", score=9)
        street.say("review.submitted", NOW - 1, "h", review_id="v", rating=5)
        street.order(NOW, "o", "i", amount=20_000)
        return {value.action for value in street.look()}

    assert happen(NOBODY_HELD) == set(ACTIONS)
    assert happen(ActionPolicy(held_out=0.0, off=(action,))) == set(ACTIONS) - {action}
