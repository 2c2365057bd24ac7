"""Fields that no metric uses yet are kept beside the claim (docs/metrics.md, "What is kept")."""

import json

import pytest

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.details import MAX_ITEMS, MAX_TEXT
from models.facts.event_fields import fact_fields
from models.facts.fact import decode_fact, encode_fact
from models.facts.from_events import facts_of

ITEMS = [
    {"sku": "SKU-10023", "quantity": 1, "amount": 2500},
    {"sku": "SKU-20911", "quantity": 0.5, "amount": -1},
]


def fact_of(kind, **fields):
    event = {"id": "event-1", "type": kind, "time": "2026-03-05T10:00:00Z", "customer_id": "ada", **fields}
    ((_, fact),) = facts_of(decode(KINDS[kind], json.dumps(event).encode()), Definitions())
    return decode_fact(encode_fact(fact))


ORDER = {"order_id": "order-1", "amount": 5000, "currency": "USD", "channel": "web"}
REFUND = {"refund_id": "r", "order_id": "o"}


@pytest.mark.parametrize(
    ("kind", "needed", "kept"),
    [
        ("order.placed", ORDER, {"items": ITEMS, "coupon": "SUMMER10", "payment_method": "card"}),
        ("order.line_placed", ORDER | {"line_id": "1"}, {"sku": "s", "quantity": 2, "coupon": "c"}),
        ("order.cancelled", {"order_id": "o"}, {"reason": "changed my mind"}),
        ("payment.failed", {"payment_method": "card"}, {"cart_id": "k", "order_id": "o"}),
        ("stock.missed", {}, {"sku": "boots"}),
        ("refund.requested", REFUND, {"reason": "too small", "amount": 7}),
        ("refund.reversed", REFUND, {"reason": "bounced"}),
        ("ticket.opened", {"ticket_id": "t"}, {"order_id": "o", "team": "billing", "category": "late"}),
        ("ticket.replied", {"ticket_id": "t", "author": "agent"}, {"agent": "kim"}),
        ("ticket.transferred", {"ticket_id": "t"}, {"to": "tier 2"}),
        ("ticket.withdrawn", {"ticket_id": "t"}, {"reason": "a duplicate"}),
        ("review.submitted", {"review_id": "v", "rating": 4}, {"sku": "boots", "order_id": "o"}),
        ("survey.answered", {"survey": "csat", "score": 4}, {"ticket_id": "t", "order_id": "o"}),
        ("experience.shared", {}, {"platform": "instagram"}),
    ],
)
def test_fields_without_a_metric_are_kept(kind, needed, kept):
    fields = fact_fields(fact_of(kind, **needed, **kept))
    assert {name: fields[name] for name in kept} == kept


def test_event_without_details_takes_no_byte_for_them():
    assert len(encode_fact(fact_of("order.placed", **ORDER))) == 43


def test_whole_quantities_are_kept_as_integers():
    kept = fact_fields(fact_of("order.placed", **ORDER, items=ITEMS))["items"]
    assert [type(item["quantity"]) for item in kept] == [int, float]


def test_two_items_and_a_coupon_take_at_most_sixty_bytes():
    plain = len(encode_fact(fact_of("order.placed", **ORDER)))
    assert len(encode_fact(fact_of("order.placed", **ORDER, items=ITEMS, coupon="SUMMER10"))) - plain <= 60


def test_long_texts_and_lists_are_cut():
    fact = fact_of("order.placed", **ORDER, coupon="x" * 10_000, items=[ITEMS[0]] * 5_000)
    fields = fact_fields(fact)
    assert (len(fields["coupon"]), len(fields["items"])) == (MAX_TEXT, MAX_ITEMS)
