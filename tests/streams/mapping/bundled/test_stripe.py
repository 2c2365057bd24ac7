"""Stripe's webhooks: charges and their units, refunds that fail, disputes, several charges of one order."""

from itertools import count

import pytest

from tests.support.vendor_records import CASES, changed, conflicting, mapped, orderings, read, skipped, types

NUMBERS = count(1)
DAY = 86_400
JUNE_10 = 1_781_100_000


def event(kind, thing, day=0, **previous):
    return {
        "id": f"evt_{next(NUMBERS)}",
        "object": "event",
        "api_version": "2025-03-31.basil",
        "type": kind,
        "created": JUNE_10 + day * DAY,
        "livemode": True,
        "data": {"object": thing} | ({"previous_attributes": previous} if previous else {}),
    }


def charge(number=1, amount=5000, **changes):
    return {
        "id": f"ch_{number}",
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": {"email": None},
        "captured": True,
        "created": JUNE_10,
        "currency": "usd",
        "customer": "cus_1",
        "metadata": {},
        "payment_intent": f"pi_{number}",
        "payment_method_details": {"type": "card"},
        "receipt_email": None,
    } | changes


def refund(number=1, amount=5000, status="succeeded", **changes):
    return {
        "id": f"re_{number}",
        "object": "refund",
        "amount": amount,
        "charge": "ch_1",
        "created": JUNE_10 + DAY,
        "currency": "usd",
        "metadata": {},
        "payment_intent": "pi_1",
        "reason": None,
        "status": status,
    } | changes


def dispute(status, **changes):
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": 5000,
        "charge": "ch_1",
        "created": JUNE_10 + DAY,
        "currency": "usd",
        "metadata": {},
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": status,
    } | changes


SALE = event("charge.succeeded", charge())


def refunded(total, before, day=1):
    return event("charge.refunded", charge(amount_refunded=total), day, amount_refunded=before)


ZERO_DECIMAL = [
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
]
THREE_DECIMAL = ["bhd", "jod", "kwd", "omr", "tnd"]
TWO_DECIMAL = ["huf", "twd", "usd", "eur", "idr"]


# https://docs.stripe.com/currencies
@pytest.mark.parametrize(
    ("currency", "expected"),
    [
        *((currency, 500) for currency in ZERO_DECIMAL),
        ("mga", 50_000),
        *((currency, 500) for currency in THREE_DECIMAL),
        ("isk", 5),
        ("ugx", 5),
        *((currency, 500) for currency in TWO_DECIMAL),
    ],
)
def test_an_amount_is_in_stripes_units(currency, expected):
    sale = event("charge.succeeded", charge(amount=500, currency=currency))
    back = event("charge.refunded", charge(currency=currency, amount_refunded=700), amount_refunded=200)
    failed = event("refund.updated", refund(amount=500, currency=currency))
    lost = event("charge.dispute.closed", dispute("lost", amount=500, currency=currency))
    found = [one["amount"] for one in mapped("stripe", sale, back, failed, lost) if "amount" in one]
    assert found == [expected] * 4


@pytest.mark.parametrize(("currency", "expected"), [("isk", 20), ("ugx", 5), ("mga", 10), ("jpy", 5)])
def test_case_of_units_has_these_revenues(compute, currency, expected):
    [record] = read(CASES / "01-stripe-ugx-isk-mga" / f"{currency}.jsonl")
    found = compute("stripe", record, rates="ISK = 0.01\nUGX = 0.001\nMGA = 0.01\nJPY = 0.01\nUSD = 1.0")
    assert found.orders() == (1, expected)


def test_case_of_a_failed_refund_counts_the_order(compute):
    for records in orderings(read(CASES / "03-stripe-refund-failed" / "in.jsonl")):
        found = compute("stripe", *records)
        assert found.orders() == (1, 50)
        assert found.fraction("refund_ratio", basis="orders", window="30d") == (0, 1)


@pytest.mark.parametrize(
    ("records", "revenue"),
    [
        ([refunded(5000, 0)], 0),
        ([event("refund.created", refund())], 0),
        ([event("refund.created", refund(status="pending"))], 50),
        ([refunded(5000, 0), event("refund.created", refund(), 1)], 0),
        ([refunded(2000, 0), refunded(4000, 2000, 2)], 10),
        ([refunded(2000, 0), refunded(3000, 2000, 2)], 20),
        (
            [
                *(refunded(2000, 0), refunded(4000, 2000, 2)),
                *(event("refund.created", refund(number, 2000), number) for number in (1, 2)),
            ],
            10,
        ),
        ([refunded(5000, 0), event("refund.updated", refund(status="failed"), 3)], 50),
        ([refunded(5000, 0), event("charge.refund.updated", refund(status="canceled"), 3)], 50),
        (
            [
                refunded(2000, 0),
                refunded(5000, 2000, 2),
                event("refund.failed", refund(2, 3000, "failed"), 3),
            ],
            30,
        ),
        (
            [
                refunded(2000, 0),
                refunded(4000, 2000, 2),
                event("refund.failed", refund(2, 2000, "failed"), 3),
            ],
            30,
        ),
        ([refunded(5000, 0), event("refund.failed", refund(status="failed"), 3), refunded(5000, 0, 4)], 0),
    ],
    ids=[
        "charge only",
        "refund only",
        "pending",
        "both",
        "equal parts",
        "parts",
        "equal parts, both",
        "failed",
        "cancelled",
        "second part failed",
        "equal part failed",
        "refunded again",
    ],
)
def test_a_refund_counts_once_and_until_it_fails(compute, records, revenue):
    assert compute("stripe", SALE, *records)("net_revenue", window="30d", currency="USD") == revenue


def test_a_pending_refund_is_open(compute):
    found = compute("stripe", SALE, event("refund.created", refund(status="pending"), 1))
    assert found("refunds_open") == 1
    assert found.fraction("refund_ratio", basis="orders", window="30d") == (0, 1)


@pytest.mark.parametrize(
    ("statuses", "revenue"),
    [
        (["needs_response"], 50),
        (["needs_response", "under_review"], 50),
        (["needs_response", "lost"], 0),
        (["needs_response", "won"], 50),
        (["needs_response", "lost", "won"], 50),
        (["warning_needs_response", "warning_closed"], 50),
    ],
)
def test_a_dispute_is_a_refund_while_it_is_lost(compute, statuses, revenue):
    kinds = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
    disputes = [
        event(kind, dispute(status), day)
        for day, (kind, status) in enumerate(zip(kinds, statuses, strict=False), start=1)
    ]
    found = compute("stripe", SALE, *disputes)
    assert found("net_revenue", window="30d", currency="USD") == revenue


def test_reinstated_funds_reverse_a_lost_dispute(compute):
    lost = event("charge.dispute.closed", dispute("lost"), 2)
    withdrawn = event("charge.dispute.funds_withdrawn", dispute("needs_response"), 1)
    back = event("charge.dispute.funds_reinstated", dispute("won"), 3)
    assert skipped("stripe", withdrawn) == "open_dispute"
    found = compute("stripe", back, withdrawn, lost, SALE)
    assert found.orders() == (1, 50)
    assert found("refunds_reversed", window="30d") == 1


@pytest.mark.parametrize(
    "common", [{"metadata": {"order_id": "1001"}}, {"payment_intent": "pi_7"}], ids=["metadata", "intent"]
)
def test_several_charges_of_one_order_add_up(compute, common):
    deposit, rest = charge(1, 2000, **common), charge(2, 3000, **common)
    sales = [event("charge.succeeded", deposit), event("charge.succeeded", rest, 1)]
    assert compute("stripe", *sales).orders() == (1, 50)
    back = event("charge.refunded", rest | {"amount_refunded": 3000}, 2, amount_refunded=0)
    assert compute("stripe", back, *reversed(sales)).orders() == (1, 20)


def test_the_last_of_several_captures_counts(compute):
    captures = [
        event("charge.captured", charge(amount_captured=captured), day)
        for day, captured in ((1, 900), (2, 1200))
    ]
    assert compute("stripe", *captures).orders() == (1, 12)
    assert skipped("stripe", event("charge.succeeded", charge(captured=False))) == "authorised_only"


def test_customers_with_one_address_stay_apart(compute):
    shared = {"billing_details": {"email": "till@shop.example"}, "receipt_email": "till@shop.example"}
    sales = [
        event("charge.succeeded", charge(number, customer=f"cus_{number}", **shared)) for number in (1, 2)
    ]
    assert compute("stripe", *sales)("customers", set="end", window="30d") == 2
    guest = event("charge.succeeded", charge(3, customer=None, **shared))
    assert compute("stripe", *sales, guest)("customers", set="end", window="30d") == 3
    joined = event("customer.updated", {"id": "cus_1", "object": "customer", "email": "Till@shop.example"})
    assert compute("stripe", *sales, guest, joined)("customers", set="end", window="30d") == 2


def test_the_shops_own_id_is_the_customer(compute):
    own = event("charge.succeeded", charge(1, metadata={"customer_id": "7"}))
    known = event("charge.succeeded", charge(2))
    assert compute("stripe", own, known)("customers", set="end", window="30d") == 1
    named = {"id": "cus_1", "object": "customer", "email": None, "metadata": {"customer_id": "7"}}
    [merged] = mapped("stripe", event("customer.created", named))
    assert (merged["customer_id"], merged["into"]) == ("stripe:cus_1", "7")


def test_a_charge_without_identity_is_left_out():
    unnamed = event("charge.succeeded", charge(customer=None))
    assert mapped("stripe", unnamed) == []
    assert types(mapped("stripe", changed(unnamed, data__object__receipt_email="a@shop.example"))) == [
        "order.line_placed",
        "customer.merged",
    ]


def test_events_of_one_charge_have_no_conflicting_ids():
    records = [
        SALE,
        event("charge.captured", charge(amount_captured=900), 1),
        refunded(2000, 0),
        refunded(4000, 2000, 2),
        *(
            event(kind, refund(1, 2000, status), day)
            for day, (kind, status) in enumerate(
                [("refund.created", "pending"), ("refund.updated", "succeeded"), ("refund.failed", "failed")]
            )
        ),
        *(event("charge.dispute.closed", dispute(status), day) for day, status in ((5, "lost"), (6, "won"))),
    ]
    assert conflicting(mapped("stripe", *records)) == []
