"""WooCommerce's webhooks: which statuses count, orders restored, refunds and deleted refunds."""

import pytest

from tests.support.vendor_records import CASES, conflicting, mapped, orderings, read, types

PAID = "2026-06-10T10:05:00"


def order(status, modified="2026-06-10T10:05:00", **changes):
    return {
        "id": 901,
        "order_key": "wc_order_x",
        "created_via": "checkout",
        "status": status,
        "currency": "USD",
        "date_created_gmt": "2026-06-10T10:00:00",
        "date_modified_gmt": modified,
        "date_paid_gmt": None,
        "date_completed_gmt": None,
        "total": "50.00",
        "customer_id": 7,
        "billing": {"email": "a@shop.example"},
        "payment_method": "stripe",
        "coupon_lines": [],
        "refunds": [],
    } | changes


def refunds(*totals):
    return [{"id": 910 + number, "reason": "", "total": total} for number, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("in", (1, 50)), ("last", (1, 50)), ("pending", (0, 0)), ("cancel_restore", (1, 50))],
)
def test_case_of_statuses_has_these_orders(compute, name, expected):
    records = read(CASES / "02-woo-failed-then-paid" / f"{name}.jsonl")
    for delivered in orderings(records):
        assert compute("woocommerce", *delivered).orders() == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["pending"], 0),
        (["failed"], 0),
        (["checkout-draft"], 0),
        (["cancelled"], 0),
        (["trash"], 0),
        (["processing"], 1),
        (["on-hold"], 1),
        (["completed"], 1),
        (["refunded"], 1),
        (["checkout-draft", "pending", "processing"], 1),
        (["pending", "failed", "pending", "on-hold"], 1),
        (["on-hold", "failed"], 0),
        (["processing", "pending"], 0),
        (["on-hold", "cancelled"], 0),
        (["on-hold", "cancelled", "processing", "cancelled"], 0),
        (["processing", "trash"], 0),
        (["processing", "trash", "processing"], 1),
        (["packed"], 0),
        (["processing", "packed"], 1),
    ],
)
def test_the_latest_status_decides_whether_an_order_counts(compute, statuses, expected):
    payloads = [order(status, f"2026-06-{11 + day}T10:00:00") for day, status in enumerate(statuses)]
    assert compute("woocommerce", *payloads)("orders", window="30d") == expected
    assert compute("woocommerce", *reversed(payloads), *payloads)("orders", window="30d") == expected


def test_a_paid_order_of_a_plug_ins_status_counts(compute):
    assert compute("woocommerce", order("packed", date_paid_gmt=PAID)).orders() == (1, 50)


def test_a_new_order_is_neither_cancelled_nor_restored():
    assert types(mapped("woocommerce", order("processing", "2026-06-10T10:00:00"))) == ["order.placed"]
    assert mapped("woocommerce", order("pending", "2026-06-10T10:00:00")) == []
    failed = mapped("woocommerce", order("failed", "2026-06-10T10:00:00"))
    assert types(failed) == ["payment.failed"]


def test_a_cancellation_has_the_status_as_its_reason():
    [cancelled, _] = mapped("woocommerce", order("failed"))
    assert (cancelled["type"], cancelled["reason"]) == ("order.cancelled", "failed")


@pytest.mark.parametrize(
    ("listed", "revenue"),
    [
        ([("-10.10",)], 39.9),
        ([("-10.10", "-20.20")], 19.7),
        ([("-50.00",)], 0),
        ([("-10.00",), ()], 50),
        ([("-10.00",), ("-5.00", "-10.00")], 35),
        ([("-10.00",), ("-5.00", "-10.00"), ("-5.00",)], 45),
        ([("-10.00",), (), ("-10.00",)], 40),
        ([("-10.00",), ("-10.00",)], 40),
    ],
)
def test_the_refunds_of_the_latest_payload_count(compute, listed, revenue):
    payloads = [
        order("processing", f"2026-06-{12 + day}T10:00:00", refunds=refunds(*totals), date_paid_gmt=PAID)
        for day, totals in enumerate(listed)
    ]
    for delivered in orderings([order("processing"), *payloads]):
        found = compute("woocommerce", *delivered)
        assert found("net_revenue", window="30d", currency="USD") == pytest.approx(revenue)
        assert found("refunds_reversed", window="30d") == 0


def test_a_refund_deleted_at_the_same_second_is_gone(compute):
    """Deleting a refund need not change an order's `date_modified`."""
    payloads = [
        order("processing", "2026-06-12T10:00:00", refunds=refunds(*totals)) for totals in ((-10,), ())
    ]
    assert compute("woocommerce", *payloads).orders() == (1, 50)


def test_usual_orders_have_no_reversal():
    steps = [
        order("pending", "2026-06-10T10:00:00"),
        order("processing", PAID, date_paid_gmt=PAID),
        order(
            "completed", "2026-06-12T09:00:00", date_paid_gmt=PAID, date_completed_gmt="2026-06-12T09:00:00"
        ),
    ]
    assert "refund.reversed" not in types(mapped("woocommerce", *steps))


def test_an_edited_total_counts(compute):
    edited = order("processing", "2026-06-11T10:00:00", total="30.00")
    assert compute("woocommerce", edited, order("processing")).orders() == (1, 30)


def test_versions_of_an_order_have_no_conflicting_ids():
    versions = [
        order("on-hold", "2026-06-10T10:00:00"),
        order("processing", "2026-06-11T10:00:00", total="30.00", refunds=refunds("-5.00")),
        order("processing", "2026-06-12T10:00:00", total="30.00", refunds=refunds("-6.00")),
        order("processing", "2026-06-12T10:00:00", total="30.00"),
        order("cancelled", "2026-06-13T10:00:00"),
    ]
    assert conflicting(mapped("woocommerce", *versions)) == []


def test_registered_customers_with_one_address_stay_apart(compute):
    registered = [order("processing", id=number, customer_id=number) for number in (7, 8)]
    guest = order("processing", id=9, customer_id=0)
    assert compute("woocommerce", *registered, guest)("customers", set="end", window="30d") == 3
    profile = {
        "id": 7,
        "date_created_gmt": "2026-06-01T00:00:00",
        "email": "A@shop.example",
        "role": "customer",
        "username": "ann",
    }
    assert compute("woocommerce", *registered, guest, profile)("customers", set="end", window="30d") == 2
