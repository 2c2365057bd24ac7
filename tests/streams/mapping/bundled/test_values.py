"""The values of a vendor's field, each with the contract's value."""

import pytest

from tests.support.vendor_records import mapped

GID = "gid://shopify/"
JUNE_9 = "2026-06-09T10:00:00Z"

STRIPE_METHODS = {
    **dict.fromkeys(["card"], "card"),
    **dict.fromkeys(["paypal", "link"], "wallet"),
    **dict.fromkeys(["sepa_debit", "customer_balance"], "bank_transfer"),
    **dict.fromkeys(["klarna", "afterpay_clearpay", "affirm"], "pay_later"),
    "giropay": "other",
}
WOO_METHODS = {
    **dict.fromkeys(["stripe", "woocommerce_payments"], "card"),
    **dict.fromkeys(["paypal", "ppcp-gateway"], "wallet"),
    **dict.fromkeys(["bacs", "cheque"], "bank_transfer"),
    "cod": "cash_on_delivery",
    "klarna_payments": "pay_later",
    "barter": "other",
}
ZENDESK_STATUSES = {
    **dict.fromkeys(["NEW", "OPEN"], "open"),
    "PENDING": "pending",
    "HOLD": "on_hold",
    "SOLVED": "solved",
    "CLOSED": "closed",
}
ZENDESK_CHANNELS = {
    **dict.fromkeys(["web", "web_form", "web_service", "web_widget", "helpcenter"], "web"),
    **dict.fromkeys(["mobile", "mobile_sdk"], "app"),
    **dict.fromkeys(["email", "mail"], "email"),
    **dict.fromkeys(["chat", "chat_transcript", "chat_offline_message", "native_messaging"], "chat"),
    **dict.fromkeys(["phone", "phone_call_inbound", "phone_call_outbound", "voice", "voicemail"], "phone"),
    **dict.fromkeys(["api_phone_call_inbound", "api_phone_call_outbound", "api_voicemail"], "phone"),
    **dict.fromkeys(["facebook", "facebook_post", "facebook_message", "twitter", "twitter_dm"], "social"),
    "whatsapp": "social",
    "instagram_dm": "social",
    "sample_ticket": "other",
}
FRESHDESK_CHANNELS = {
    1: "email",
    2: "web",
    3: "phone",
    7: "chat",
    5: "social",
    6: "social",
    13: "social",
    9: "other",
}
FRESHDESK_STATUSES = {
    2: "open",
    3: "pending",
    4: "solved",
    5: "closed",
    6: "pending",
    7: "on_hold",
    20: "open",
}
FRESHDESK_SCORES = {103: 5, 102: 5, 101: 4, 100: 3, -101: 2, -102: 1, -103: 1}
PRIORITIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}


def charge(kind, method):
    thing = {"id": "ch_1", "object": "charge", "amount": 500, "currency": "usd", "customer": "cus_1"}
    thing |= {"captured": True, "created": 1_781_100_000, "payment_method_details": {"type": method}}
    return {"id": "e", "type": kind, "created": 1_781_100_000, "livemode": True, "data": {"object": thing}}


def woo(**changes):
    record = {"id": 1, "order_key": "k", "customer_id": 7, "total": "5.00", "currency": "USD"}
    record |= {"date_created_gmt": "2026-06-10T10:00:00", "date_modified_gmt": "2026-06-10T10:00:00"}
    return record | {"status": "processing", "created_via": "checkout"} | changes


def shopify(**changes):
    record = {"id": 1, "admin_graphql_api_id": f"{GID}Order/1", "customer": {"id": 11}, "currency": "USD"}
    return record | {"created_at": JUNE_9, "updated_at": JUNE_9, "total_price": "5.00"} | changes


def zendesk(kind, event=(), **detail):
    content = {"id": "1", "requester_id": "9", "created_at": JUNE_9, "via": {"channel": "mail"}} | detail
    name = f"zen:event-type:ticket.{kind}"
    return {"id": "e", "type": name, "subject": "zen:ticket:1", "time": JUNE_9} | {
        "detail": content,
        "event": dict(event),
    }


def freshdesk(event, **ticket):
    ticket = {"id": 1, "requester_id": 9, "created_at": JUNE_9, "updated_at": JUNE_9} | ticket
    return {"event": event, "data": {"ticket": ticket}}


def rating(score):
    ratings = {"default_question": score}
    return {"id": 1, "user_id": 9, "ticket_id": 1, "updated_at": JUNE_9, "ratings": ratings}


#: Mapping, field of its first event, record with a value -> value -> the contract's value.
TABLES = [
    ("stripe", "payment_method", lambda value: charge("charge.succeeded", value), STRIPE_METHODS),
    (
        "stripe",
        "payment_method",
        lambda value: charge("charge.failed", value),
        STRIPE_METHODS | {None: "other"},
    ),
    ("woocommerce", "payment_method", lambda value: woo(payment_method=value), WOO_METHODS),
    ("woocommerce", "payment_method", lambda value: woo(payment_method=value, status="failed"), WOO_METHODS),
    (
        "woocommerce",
        "channel",
        lambda value: woo(created_via=value),
        {"checkout": "web", "store-api": "web", "pos-rest-api": "store", "admin": "phone", "import": "other"},
    ),
    (
        "shopify",
        "channel",
        lambda value: shopify(source_name=value),
        {"web": "web", "pos": "store", "iphone": "app", "android": "app", "1234": "marketplace"},
    ),
    (
        "shopify",
        "payment_method",
        lambda value: shopify(payment_gateway_names=[value]),
        {
            "shopify_payments": "card",
            "paypal": "wallet",
            "shop_pay_installments": "pay_later",
            "manual": "bank_transfer",
            "Bank Deposit": "bank_transfer",
            "gift_card": "other",
            "Cash on Delivery (COD)": "cash_on_delivery",
        },
    ),
    ("zendesk", "channel", lambda value: zendesk("created", via={"channel": value}), ZENDESK_CHANNELS),
    ("zendesk", "status", lambda value: zendesk("status_changed", {"current": value}), ZENDESK_STATUSES),
    ("freshdesk", "channel", lambda value: freshdesk("onTicketCreate", source=value), FRESHDESK_CHANNELS),
    ("freshdesk", "priority", lambda value: freshdesk("onTicketCreate", priority=value), PRIORITIES),
    ("freshdesk", "priority", lambda value: freshdesk("onTicketUpdate", priority=value), PRIORITIES),
    ("freshdesk", "status", lambda value: freshdesk("onTicketUpdate", status=value), FRESHDESK_STATUSES),
    ("freshdesk", "score", rating, FRESHDESK_SCORES),
]


@pytest.mark.parametrize(("mapping", "field", "record", "table"), TABLES)
def test_every_value_has_the_contracts_value(mapping, field, record, table):
    assert {value: mapped(mapping, record(value))[0].get(field) for value in table} == table


@pytest.mark.parametrize("status", ZENDESK_STATUSES)
def test_ticket_of_another_requester_keeps_its_status(status):
    change = zendesk("requester_changed", {"current": "8", "previous": "9"}, status=status)
    [changed] = [one for one in mapped("zendesk", change) if one["type"] == "ticket.status_changed"]
    assert (changed["status"], changed["customer_id"]) == (ZENDESK_STATUSES[status], "zendesk:8")


@pytest.mark.parametrize("public", [True, False])
def test_private_comment_is_no_public_reply(public):
    author = {"id": "5", "is_staff": True}
    comment = {"id": "7", "is_public": public, "author": author}
    [reply] = mapped("zendesk", zendesk("comment_added", {"comment": comment}))
    assert reply["public"] is public
    conversation = {"id": 7, "ticket_id": 1, "incoming": False, "private": not public, "created_at": JUNE_9}
    requester = {"id": 9, "email": "ann@shop.example", "created_at": JUNE_9}
    record = {"event": "onConversationCreate", "data": {"conversation": conversation, "requester": requester}}
    assert mapped("freshdesk", record)[0]["public"] is public


@pytest.mark.parametrize("kind", ["group_assignment_changed", "agent_assignment_changed", "form_changed"])
def test_zero_is_no_team_agent_or_category(kind):
    assert mapped("zendesk", zendesk(kind, {"current": "0", "previous": "0"})) == []
    for event in mapped("zendesk", zendesk(kind, {"current": "0", "previous": "8"})):
        assert (event["type"], "to" in event) == ("ticket.transferred", False)


@pytest.mark.parametrize(("submitter", "opened_by"), [("5", "agent"), ("8", "customer"), ("9", "customer")])
def test_ticket_of_another_requester_keeps_who_opened_it(submitter, opened_by):
    change = zendesk("requester_changed", {"current": "8", "previous": "9"}, submitter_id=submitter)
    [opened] = [one for one in mapped("zendesk", change) if one["type"] == "ticket.opened"]
    assert opened["opened_by"] == opened_by


def test_fulfillment_is_shipped_or_delivered_by_its_status():
    parcel = {"id": 3, "created_at": JUNE_9, "updated_at": JUNE_9}
    for status, shipment, expected in (
        ("cancelled", None, []),
        ("success", "in_transit", ["order.shipped"]),
        ("success", "delivered", ["order.shipped", "order.delivered"]),
    ):
        fulfillment = parcel | {"status": status, "shipment_status": shipment}
        found = mapped("shopify", shopify(fulfillments=[fulfillment]))
        assert [event["type"] for event in found if event["type"] != "order.placed"] == expected


def test_request_for_data_erases_no_customer():
    request = {"shop_id": 1, "shop_domain": "x.example", "customer": {"id": 11, "email": "ann@shop.example"}}
    assert mapped("shopify", request | {"orders_requested": [1]}) == []
    erased = mapped("shopify", request | {"orders_to_redact": []})
    assert [event["customer_id"] for event in erased] == ["11", "email:ann@shop.example"]


def test_address_in_capitals_is_the_same_identity():
    order = shopify(customer={"id": 11, "email": "Ann@Shop.Example"})
    [merged] = [event for event in mapped("shopify", order) if event["type"] == "customer.merged"]
    assert merged["customer_id"] == "email:ann@shop.example"
    [placed] = mapped("shopify", shopify(customer=None, email="ANN@shop.example"))
    assert placed["customer_id"] == "email:ann@shop.example"


def test_pending_refund_keeps_its_reason_and_amount():
    thing = {"id": "re_1", "object": "refund", "amount": 500, "currency": "usd", "charge": "ch_1"}
    thing |= {"created": 1_781_100_000, "status": "pending", "reason": "requested_by_customer"}
    record = {"id": "e", "type": "refund.created", "created": 1_781_100_000, "data": {"object": thing}}
    [requested] = mapped("stripe", record)
    assert (requested["amount"], requested["reason"]) == (500, "requested_by_customer")
