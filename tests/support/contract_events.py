"""Events of every type, with the fewest and with all fields."""

import json

import pytest

from models.contract.decoding import EventError, decode
from models.contract.events import (
    KINDS,
)

COMMON = {"id": "e1", "time": "2026-01-02T03:04:05.678901+02:00", "customer_id": "c1"}


#: The least that each type needs besides.
LEAST = {
    "order.placed": {"order_id": "o1", "amount": 0, "currency": "USD"},
    "order.amended": {"order_id": "o1", "amount": 5},
    "order.cancelled": {"order_id": "o1"},
    "order.restored": {"order_id": "o1"},
    "order.line_placed": {"order_id": "o1", "line_id": "1", "amount": -5, "currency": "USD"},
    "order.shipped": {"order_id": "o1"},
    "order.delivered": {"order_id": "o1"},
    "checkout.started": {"cart_id": "k1"},
    "payment.failed": {"payment_method": "card"},
    "stock.missed": {"sku": "s1"},
    "refund.requested": {"refund_id": "r1", "order_id": "o1"},
    "refund.completed": {"refund_id": "r1", "order_id": "o1", "amount": 5},
    "refund.rejected": {"refund_id": "r1", "order_id": "o1"},
    "refund.reversed": {"refund_id": "r1", "order_id": "o1"},
    "ticket.opened": {"ticket_id": "t1"},
    "ticket.replied": {"ticket_id": "t1", "author": "agent"},
    "ticket.status_changed": {"ticket_id": "t1", "status": "solved"},
    "ticket.transferred": {"ticket_id": "t1"},
    "ticket.updated": {"ticket_id": "t1", "team": "billing"},
    "ticket.withdrawn": {"ticket_id": "t1"},
    "ticket.restored": {"ticket_id": "t1"},
    "review.submitted": {"review_id": "v1", "rating": 4},
    "review.removed": {"review_id": "v1"},
    "survey.answered": {"survey": "nps", "score": 9},
    "survey.withdrawn": {"answer_id": "a1"},
    "experience.shared": {"platform": "instagram"},
    "customer.merged": {"into": "c2"},
    "customer.erased": {},
    "customer.contacted": {"action_id": "a1"},
    "customer.updated": {"attributes": {}},
}


#: The most: every optional field too.
MOST = {
    "order.placed": {
        "items": [
            {"sku": "s1", "quantity": 2, "amount": 900},
            {"sku": "off", "quantity": 0.5, "amount": -100},
        ],
        "cart_id": "k1",
        "promised_at": "2026-01-05T00:00:00Z",
        "payment_method": "card",
        "referred_by": "c9",
        "attributes": {"gift": "yes"},
        "coupon": "",
    },
    "order.cancelled": {"reason": ""},
    "order.line_placed": {
        "sku": "s1",
        "quantity": 0.5,
        "cart_id": "k1",
        "promised_at": "2026-01-05T00:00:00Z",
        "payment_method": "card",
        "referred_by": "c9",
        "attributes": {"gift": "yes"},
        "coupon": "",
    },
    "payment.failed": {"cart_id": "k1", "order_id": "o1"},
    "refund.requested": {"amount": 7, "reason": "late"},
    "refund.reversed": {"reason": "bounced"},
    "ticket.opened": {
        "priority": "urgent",
        "opened_by": "agent",
        "order_id": "o1",
        "team": "billing",
        "category": "late",
        "attributes": {"severity": "1"},
    },
    "ticket.replied": {"public": False, "promised_at": "2026-01-05T00:00:00Z", "agent": "kim"},
    "ticket.updated": {"priority": "high", "category": "late", "agent": "kim"},
    "ticket.withdrawn": {"reason": "spam"},
    "ticket.transferred": {"to": "tier 2"},
    "review.submitted": {"order_id": "o1", "sku": "s1", "text": "", "language": "en", "sentiment": -1},
    "survey.answered": {"ticket_id": "t1", "order_id": "o1", "answer_id": "a1"},
}


def event(name, **fields):
    return {"type": name} | COMMON | LEAST[name] | fields


def read(fields, kind=None):
    return decode(kind or KINDS[fields["type"]], json.dumps(fields).encode())


def refused(value, kind="orders"):
    if isinstance(value, dict):
        value = json.dumps(value).encode()
    with pytest.raises(EventError) as caught:
        decode(kind, value)
    assert str(caught.value) == f"{caught.value.reason}: {caught.value.message}"
    return caught.value
