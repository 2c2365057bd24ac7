"""Events become facts of a customer about an entity."""

import json

import pytest

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.fact import Fact, decode_fact, encode_fact
from models.facts.from_events import facts_of

T = 1_772_704_800_000_000
SPAM, OTHER = (claims.WITHDRAWAL_REASONS.index(reason) for reason in ("spam", "other"))
DEFINITIONS = Definitions(channels=("web",), payment_methods=("card",))


def of(kind, definitions=DEFINITIONS, **fields):
    event = {"id": "e", "type": kind, "time": "2026-03-05T10:00:00Z", "customer_id": "ada", **fields}
    return facts_of(decode(KINDS[kind], json.dumps(event).encode()), definitions)


@pytest.mark.parametrize(
    ("kind", "fields", "entity", "claim"),
    [
        (
            "order.placed",
            {"order_id": "o", "amount": 5, "currency": "USD", "channel": "web", "cart_id": "c"},
            "o",
            claims.Placed(T, "e", 5, "USD", "web", None, "c", None),
        ),
        ("order.amended", {"order_id": "o", "amount": 4}, "o", claims.Amended(T, "e", 4)),
        ("order.cancelled", {"order_id": "o"}, "o", claims.Cancelled(T, "e")),
        ("order.shipped", {"order_id": "o"}, "o", claims.Shipped(T, "e")),
        ("order.delivered", {"order_id": "o"}, "o", claims.Delivered(T, "e")),
        ("checkout.started", {"cart_id": "c"}, "c", claims.CheckoutStarted(T, "e")),
        ("payment.failed", {"payment_method": "card"}, "", claims.PaymentFailed(T, "e", "card")),
        ("payment.failed", {"payment_method": "shells"}, "", claims.PaymentFailed(T, "e", "other")),
        ("stock.missed", {"sku": "s"}, "", claims.StockMissed(T, "e")),
        ("refund.requested", {"refund_id": "r", "order_id": "o"}, "r", claims.Requested(T, "e", "o")),
        (
            "refund.completed",
            {"refund_id": "r", "order_id": "o", "amount": 3},
            "r",
            claims.Completed(T, "e", "o", 3),
        ),
        ("refund.rejected", {"refund_id": "r", "order_id": "o"}, "r", claims.Rejected(T, "e", "o")),
        ("ticket.opened", {"ticket_id": "t"}, "t", claims.Opened(T, "e", 1, False, "unknown")),
        (
            "ticket.opened",
            {"ticket_id": "t", "priority": "urgent", "opened_by": "agent", "channel": "fax"},
            "t",
            claims.Opened(T, "e", 3, True, "other"),
        ),
        (
            "ticket.replied",
            {"ticket_id": "t", "author": "bot", "promised_at": "2026-03-05T11:00:00+01:00"},
            "t",
            claims.Replied(T, "e", claims.BOT, True, T),
        ),
        (
            "ticket.status_changed",
            {"ticket_id": "t", "status": "solved"},
            "t",
            claims.StatusChanged(T, "e", claims.SOLVED),
        ),
        ("ticket.transferred", {"ticket_id": "t"}, "t", claims.Transferred(T, "e")),
        ("review.submitted", {"review_id": "v", "rating": 4}, "v", claims.Submitted(T, "e", 4, None)),
        ("review.removed", {"review_id": "v"}, "v", claims.Removed(T, "e")),
        ("survey.answered", {"survey": "csat", "score": 5}, "", claims.Answered(T, "e", 2, 5)),
        ("experience.shared", {"platform": "x"}, "", claims.Shared(T, "e")),
        ("customer.contacted", {"action_id": "a"}, "", claims.Contacted(T, "e", "a")),
    ],
)
def test_event_makes_one_fact_of_its_customer(kind, fields, entity, claim):
    ((customer, fact),) = of(kind, **fields)
    assert (customer, fact.entity, fact.claim, fact.seen) == ("ada", entity, claim, None)
    assert decode_fact(encode_fact(Fact(entity, claim))) == Fact(entity, claim)


@pytest.mark.parametrize(
    ("kind", "fields", "entity", "claim"),
    [
        ("order.restored", {"order_id": "o"}, "o", claims.OrderRestored(T, "e")),
        (
            "order.line_placed",
            {"order_id": "o", "line_id": "l", "amount": -5, "currency": "USD", "cart_id": "c"},
            "o",
            claims.LinePlaced(T, "e", "l", -5, "USD", "unknown", None, "c", None),
        ),
        ("refund.reversed", {"refund_id": "r", "order_id": "o"}, "r", claims.Reversed(T, "e", "o")),
        (
            "ticket.opened",
            {"ticket_id": "t", "team": "billing", "category": "invoice"},
            "t",
            claims.Opened(T, "e", 1, False, "unknown", "billing", "invoice"),
        ),
        (
            "ticket.replied",
            {"ticket_id": "t", "author": "agent", "public": False, "agent": "kim"},
            "t",
            claims.Replied(T, "e", claims.AGENT, False, None, "kim"),
        ),
        (
            "ticket.updated",
            {"ticket_id": "t", "priority": "high", "team": "a", "category": "b", "agent": "c"},
            "t",
            claims.TicketUpdated(T, "e", 2, "a", "b", "c"),
        ),
        (
            "ticket.updated",
            {"ticket_id": "t", "priority": None, "team": "a"},
            "t",
            claims.TicketUpdated(T, "e", None, "a"),
        ),
        ("ticket.withdrawn", {"ticket_id": "t", "reason": "spam"}, "t", claims.TicketWithdrawn(T, "e", SPAM)),
        (
            "ticket.withdrawn",
            {"ticket_id": "t", "reason": "dull"},
            "t",
            claims.TicketWithdrawn(T, "e", OTHER),
        ),
        ("ticket.withdrawn", {"ticket_id": "t"}, "t", claims.TicketWithdrawn(T, "e", OTHER)),
        ("ticket.restored", {"ticket_id": "t"}, "t", claims.TicketRestored(T, "e")),
        (
            "survey.answered",
            {"survey": "nps", "score": 0, "answer_id": "a"},
            "",
            claims.Answered(T, "e", 0, 0, "a"),
        ),
        ("survey.withdrawn", {"answer_id": "a"}, "", claims.AnswersWithdrawn(T, "e", "a")),
    ],
)
def test_correction_makes_one_fact_of_its_customer(kind, fields, entity, claim):
    ((customer, fact),) = of(kind, **fields)
    assert (customer, fact.entity, fact.claim, fact.seen) == ("ada", entity, claim, None)
    assert decode_fact(encode_fact(Fact(entity, claim))) == Fact(entity, claim)


def test_fact_carries_the_experiments():
    ((_, fact),) = of("stock.missed", sku="s", experiments={"price": "b"})
    assert decode_fact(encode_fact(fact)).seen == {"price": "b"}
    assert fact.time == T


def test_currency_without_a_rate_is_rejected():
    with pytest.raises(EventError) as refused:
        of("order.placed", order_id="o", amount=5, currency="XTS")
    assert refused.value.reason == "unknown_currency"
    assert "has no rate; the table `rates` of the settings gives one" in refused.value.message


@pytest.mark.parametrize(("kind", "fields"), [("stock.missed", {"sku": "s"}), ("customer.erased", {})])
def test_event_id_with_a_null_character_is_rejected(kind, fields):
    with pytest.raises(EventError, match="`id` contains a null character") as raised:
        of(kind, id="a\0b", **fields)
    assert raised.value.reason == "invalid_field"


def test_customer_cannot_refer_themselves():
    ((_, fact),) = of("order.placed", order_id="o", amount=5, currency="USD", referred_by="ada")
    assert fact.claim.referrer is None


@pytest.mark.parametrize(
    ("fields", "sentiment"),
    [
        ({"sentiment": -0.25, "language": "en", "text": "wonderful"}, -250_000_000),
        ({"language": "en", "text": "I love it, wonderful!"}, pytest.approx(850_000_000, rel=0.1)),
        ({"language": "de", "text": "I love it"}, None),
        ({"language": "en"}, None),
        ({"text": "I love it"}, None),
    ],
)
def test_sentiment_is_the_producers_or_of_an_english_text(fields, sentiment):
    ((_, fact),) = of("review.submitted", review_id="v", rating=4, **fields)
    assert fact.claim.sentiment == sentiment


def test_very_long_review_is_scored_quickly():
    ((_, fact),) = of("review.submitted", review_id="v", rating=4, language="en", text="but great " * 90_000)
    assert fact.claim.sentiment > 0
