"""Records that a bundled mapping knows and leaves out have the name of a condition in the reports."""

import pytest

from streams.mapping.mappings import bundled, bundled_texts
from tests.support.vendor_records import skipped

GID = "gid://shopify/"
RATING = {"requester_id": 84, "ticket_id": 1, "created_at": "2026-06-09T10:00:00Z"}
WOO = {"id": 1, "order_key": "k", "customer_id": 7, "total": "5.00", "currency": "USD"}
NEW = {"date_created_gmt": "2026-06-10T10:00:00", "date_modified_gmt": "2026-06-10T10:00:00"}


def stripe(kind, **thing):
    return {"id": "e", "type": kind, "created": 1_781_100_000, "livemode": True, "data": {"object": thing}}


def zendesk(kind, subject):
    return {"id": "e", "type": f"zen:event-type:{kind}", "subject": f"zen:{subject}:1", "detail": {"id": "1"}}


def delighted(**data):
    return {"event_type": "survey_response.updated", "event_data": {"id": "1", **data}}


#: Mapping -> name of a condition -> a record that it leaves out.
LEFT_OUT = {
    "delighted": {
        "other_survey": delighted(survey_type="csat", score=5),
        "without_score": delighted(survey_type="nps", score=None, person={"email": "ann@shop.example"}),
    },
    "freshdesk": {
        "other_change": {"event": "onTicketUpdate", "data": {}},
        "without_rating": {"id": 1, "user_id": 7, "ratings": {"question_1": 103}},
    },
    "shopify": {
        "test": {"admin_graphql_api_id": f"{GID}Order/1", "test": True},
        "order_edit": {"order_edit": {"id": 1, "order_id": 1}},
        "refund_alone": {"admin_graphql_api_id": f"{GID}Refund/1", "id": 1, "order_id": 1},
        "merge_not_completed": {
            "admin_graphql_api_customer_kept_id": f"{GID}Customer/1",
            "admin_graphql_api_customer_deleted_id": f"{GID}Customer/2",
            "status": "failed",
        },
        "deleted_order": {"id": 1},
        "fulfillment_in_progress": {
            "admin_graphql_api_id": f"{GID}Fulfillment/1",
            "id": 1,
            "order_id": 1,
            "status": "pending",
            "shipment_status": None,
            "email": "ann@shop.example",
        },
        "customer_without_address": {"admin_graphql_api_id": f"{GID}Customer/1", "id": 1, "email": None},
        "other_webhook": {"admin_graphql_api_id": f"{GID}DraftOrder/1", "id": 1},
    },
    "stripe": {
        "test_mode": stripe("charge.succeeded", id="ch_1") | {"livemode": False},
        "authorised_only": stripe("charge.succeeded", id="ch_1", captured=False),
        "open_dispute": stripe("charge.dispute.created", object="dispute", status="needs_response"),
        "customer_without_shop_id": stripe("customer.created", id="cus_1", email=None, metadata={}),
        "other_event": stripe("payout.paid", id="po_1", object="payout"),
    },
    "typeform": {
        "partial": {"event_type": "form_response_partial", "form_response": {"token": "t"}},
        "without_nps_question": {
            "event_type": "form_response",
            "form_response": {"token": "t", "answers": []},
        },
    },
    "woocommerce": {
        "draft": WOO | NEW | {"status": "checkout-draft"},
        "deleted": {"id": 1},
        "unpaid": WOO | NEW | {"status": "pending"},
        "never_accepted": WOO | NEW | {"status": "cancelled"},
        "customer_without_address": {"id": 7, "username": "ann", "role": "customer", "email": ""},
    },
    "zendesk": {
        "csat_event": zendesk("ticket.csat_received", "ticket"),
        "other_change": zendesk("ticket.tags_changed", "ticket"),
        "rating_not_given": RATING | {"id": 1, "score": "offered", "updated_at": RATING["created_at"]},
        "other_user_event": zendesk("user.merged", "user"),
        "other_event": zendesk("organization.created", "organization"),
    },
}


@pytest.mark.parametrize("mapping", sorted(bundled_texts()))
def test_every_condition_has_a_record(mapping):
    definition = bundled(mapping)
    assert set(LEFT_OUT[mapping]) == {*definition.skip, *definition.otherwise}


@pytest.mark.parametrize(
    ("mapping", "name"), [(mapping, name) for mapping, records in LEFT_OUT.items() for name in records]
)
def test_record_without_event_has_its_name(mapping, name):
    assert skipped(mapping, LEFT_OUT[mapping][name]) == name
