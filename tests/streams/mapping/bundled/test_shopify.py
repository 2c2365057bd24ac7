"""Shopify's webhooks: money in the shop's currency, edits, merged customers, addresses that several share."""

import pytest

from tests.support.vendor_records import CASES, conflicting, mapped, orderings, read, skipped, types


def money(shop, shown=None):
    return {
        "shop_money": {"amount": shop, "currency_code": "USD"},
        "presentment_money": {"amount": shown or shop, "currency_code": "EUR" if shown else "USD"},
    }


def order(number=1, updated="2026-06-10T10:00:00Z", customer=11, address="ann@shop.example", **changes):
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "created_at": "2026-06-10T10:00:00Z",
        "updated_at": updated,
        "currency": "USD",
        "total_price": "100.00",
        "total_price_set": money("100.00"),
        "current_total_price": "100.00",
        "test": False,
        "source_name": "web",
        "cancelled_at": None,
        "email": "till@shop.example",
        "customer": None if customer is None else {"id": customer, "email": address},
        "fulfillments": [],
        "refunds": [],
    } | changes


def refund(amount, number=1, currency="USD", status="success", kind="refund"):
    return {
        "id": 500 + number,
        "transactions": [
            {
                "id": 900 + number,
                "amount": amount,
                "currency": currency,
                "kind": kind,
                "status": status,
                "order_id": 1,
                "created_at": "2026-06-12T10:00:00Z",
                "processed_at": None,
            }
        ],
    }


def merge(status="completed", kept=11, deleted=22):
    return {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{deleted}",
        "admin_graphql_api_job_id": None,
        "status": status,
        "errors": [],
    }


def customers(found):
    return found("customers", set="end", window="30d")


def test_case_of_merged_customers_retains_one(compute):
    for records in orderings(read(CASES / "13-shopify-customers-merge" / "in.jsonl")):
        found = compute("shopify", *records)
        sets = [found("customers", set=name, window="30d") for name in ("retained", "lost", "new")]
        assert sets == [1, 0, 0]


def test_case_of_a_shared_address_has_two_customers(compute):
    records = read(CASES / "13-shopify-customers-merge" / "shared_email.jsonl")
    assert customers(compute("shopify", *records)) == 2


def test_case_of_a_till_without_customer_has_none():
    [record] = read(CASES / "13-shopify-customers-merge" / "pos.jsonl")
    assert mapped("shopify", record) == []


@pytest.mark.parametrize("address", [None, "", "ann@shop.example"])
def test_an_order_merges_no_customers_by_its_address(compute, address):
    others = [order(number, customer=number, address=address and f"{number}{address}") for number in (1, 2)]
    assert customers(compute("shopify", *others)) == 2
    guest = order(3, customer=None)
    assert customers(compute("shopify", *others, guest)) == 3
    assert customers(compute("shopify", guest, order(4, customer=None))) == 1


def test_a_customers_own_address_is_the_customer(compute):
    guest = order(2, customer=None, email="Ann@shop.example")
    assert customers(compute("shopify", order(), guest)) == 1
    saved = {
        "id": 11,
        "admin_graphql_api_id": "gid://shopify/Customer/11",
        "email": "till@shop.example",
        "updated_at": "2026-06-11T10:00:00Z",
    }
    assert customers(compute("shopify", order(), order(3, customer=None), saved)) == 1


@pytest.mark.parametrize("status", ["failed", "in_progress"])
def test_a_merge_that_is_not_completed_is_left_out(compute, status):
    assert skipped("shopify", merge(status)) == "merge_not_completed"
    both = [order(1, customer=11), order(2, customer=22, address="bea@shop.example")]
    assert customers(compute("shopify", *both, merge(status))) == 2
    assert customers(compute("shopify", *both, merge())) == 1


@pytest.mark.parametrize(
    ("refunds", "current", "revenue"),
    [
        ([], "100.00", 100),
        ([refund("90.00", currency="EUR")], "0.00", 0),
        ([refund("45.00", currency="EUR")], "50.00", 50),
        ([refund("30.00", currency="EUR")], "66.67", 66.67),
        ([refund("30.00", currency="EUR"), refund("60.00", 2, currency="EUR")], "0.00", 0),
        ([refund("30.00", currency="USD")], "70.00", 70),
        ([refund("30.00", currency="EUR", status="pending")], "66.67", 100),
        ([refund("30.00", currency="EUR", status="failure")], "100.00", 100),
        ([refund("90.00", currency="EUR", kind="void")], "100.00", 100),
    ],
)
def test_money_is_in_the_currency_of_the_shop(compute, refunds, current, revenue):
    shown = {"presentment_currency": "EUR", "total_price_set": money("100.00", "90.00")}
    later = order(1, "2026-06-12T10:00:00Z", current_total_price=current, refunds=refunds, **shown)
    for records in orderings([order(**shown), later]):
        found = compute("shopify", *records)
        assert found("net_revenue", window="30d", currency="USD") == pytest.approx(revenue)
    assert {event.get("currency", "USD") for event in mapped("shopify", later)} == {"USD"}


@pytest.mark.parametrize(
    ("total", "current", "refunds", "revenue"),
    [
        ("100.00", "70.00", [], 70),
        ("130.00", "130.00", [], 130),
        ("100.00", "130.00", [], 130),
        ("100.00", "70.00", [refund("30.00")], 70),
        ("100.00", "60.00", [refund("10.00")], 60),
        ("100.00", "0.00", [refund("100.00")], 0),
    ],
    ids=["removed", "added", "added, total kept", "refunded", "removed and refunded", "all refunded"],
)
def test_an_edited_order_is_worth_what_is_left(compute, total, current, refunds, revenue):
    edited = order(
        1,
        "2026-06-12T10:00:00Z",
        total_price=total,
        total_price_set=money(total),
        current_total_price=current,
        refunds=refunds,
    )
    again = order(1, "2026-06-13T10:00:00Z")
    assert compute("shopify", order(), edited)("net_revenue", window="30d", currency="USD") == revenue
    assert compute("shopify", again, edited, order())("net_revenue", window="30d", currency="USD") == (
        100 - sum(float(one["transactions"][0]["amount"]) for one in refunds)
    )


def test_versions_of_an_order_have_no_conflicting_ids():
    versions = [
        order(),
        order(1, "2026-06-12T10:00:00Z", total_price="130.00", current_total_price="130.00"),
        order(1, "2026-06-13T10:00:00Z", current_total_price="70.00", refunds=[refund("30.00")]),
    ]
    assert conflicting(mapped("shopify", *versions)) == []


def test_an_order_without_a_current_total_follows_its_total(compute):
    fields = {"current_total_price": None, "total_price_set": None}
    edited = order(1, "2026-06-12T10:00:00Z", total_price="70.00", **fields)
    assert compute("shopify", edited, order(**fields)).orders() == (1, 70)


def test_an_erasure_names_the_customer_and_the_address():
    redact = {
        "shop_id": 1,
        "shop_domain": "shop.example",
        "customer": {"id": 11, "email": "Ann@shop.example", "phone": None},
        "orders_to_redact": [],
    }
    erased = mapped("shopify", redact)
    assert types(erased) == ["customer.erased"] * 2
    assert [event["customer_id"] for event in erased] == ["11", "email:ann@shop.example"]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"order_edit": {"id": 1, "order_id": 1}}, "order_edit"),
        ({"id": 1}, "deleted_order"),
        ({"id": 1, "admin_graphql_api_id": "gid://shopify/Refund/1", "transactions": []}, "refund_alone"),
    ],
    ids=["edit", "deletion", "refund"],
)
def test_a_record_without_a_fact_has_a_name(record, name):
    assert skipped("shopify", record) == name
