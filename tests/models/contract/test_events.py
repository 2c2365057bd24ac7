"""The fields of each type of event: required, optional, and out of range."""

from datetime import UTC, datetime

import pytest

from models.contract.events import (
    EVENT_TYPES,
    EVENTS,
    KINDS,
    Item,
    OrderPlaced,
    SurveyAnswered,
    TicketOpened,
    TicketReplied,
)
from tests.support.contract_events import LEAST, MOST, event, read, refused


def test_every_type_of_the_contract_has_a_class():
    assert set(EVENT_TYPES) == set(KINDS) == set(LEAST)
    assert set(EVENTS) == {"orders", "refunds", "tickets", "reviews", "customers"}


@pytest.mark.parametrize("name", LEAST)
def test_required_fields_are_enough(name):
    decoded = read(event(name))
    assert type(decoded) is EVENT_TYPES[name]
    assert (decoded.id, decoded.customer_id, decoded.channel, decoded.experiments) == ("e1", "c1", None, None)
    assert decoded.time == datetime(2026, 1, 2, 1, 4, 5, 678901, tzinfo=UTC)
    for field, content in LEAST[name].items():
        assert getattr(decoded, field) == content


@pytest.mark.parametrize("name", MOST)
def test_optional_field_is_decoded(name):
    decoded = read(event(name, channel="pigeon", experiments={"checkout-v2": "b"}, **MOST[name]))
    assert (decoded.channel, decoded.experiments) == ("pigeon", {"checkout-v2": "b"})
    for field, content in MOST[name].items():
        if field == "items":
            assert decoded.items == [Item("s1", 2, 900), Item("off", 0.5, -100)]
        elif field == "promised_at":
            assert getattr(decoded, field) == datetime(2026, 1, 5, tzinfo=UTC)
        else:
            assert getattr(decoded, field) == content


def test_defaults_are_those_of_the_contract():
    opened = read(event("ticket.opened"))
    assert isinstance(opened, TicketOpened)
    assert (opened.priority, opened.opened_by) == ("normal", "customer")
    replied = read(event("ticket.replied"))
    assert isinstance(replied, TicketReplied)
    assert replied.public is True


@pytest.mark.parametrize("name", LEAST)
def test_missing_required_field_is_named(name):
    for field in {"id", "time", "customer_id", *LEAST[name]}:
        fields = event(name)
        del fields[field]
        error = refused(fields, KINDS[name])
        assert error.reason == "invalid_field"
        assert f"`{field}`" in error.message


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("wrong", [[], {"a": {}}, None, True, 1.5, ["a"]], ids=str)
def test_wrong_type_in_required_field_is_named(name, wrong):
    for field in {"id", "time", "customer_id", *LEAST[name]}:
        error = refused(event(name, **{field: wrong}), KINDS[name])
        assert error.reason == "invalid_field"
        assert field in error.message


@pytest.mark.parametrize("name", MOST)
def test_wrong_type_in_optional_field_is_named(name):
    for field in {"channel", "experiments", *MOST[name]}:
        error = refused(event(name, **{field: [["x"]]}), KINDS[name])
        assert error.reason == "invalid_field"
        assert field in error.message


@pytest.mark.parametrize("name", LEAST)
def test_null_in_optional_field_counts_as_absent(name):
    nulls = dict.fromkeys(["channel", "experiments", "nonsense", *MOST.get(name, {})])
    assert read(event(name, **nulls)) == read(event(name))


def test_null_besides_another_error_names_the_error():
    fields = event("ticket.opened", priority=None)
    del fields["ticket_id"]
    assert refused(fields, "tickets").reason == "invalid_field"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("order.placed", {"amount": -1}),
        ("order.placed", {"amount": 10**13 + 1}),
        ("order.placed", {"amount": "12"}),
        ("order.placed", {"amount": 12.0}),
        ("order.placed", {"amount": True}),
        ("order.placed", {"currency": "US"}),
        ("order.placed", {"currency": "USDT"}),
        ("order.placed", {"currency": 840}),
        ("order.placed", {"items": [{"sku": "s1", "quantity": -1, "amount": 1}]}),
        ("order.placed", {"items": [{"sku": "s1", "amount": 1}]}),
        ("order.placed", {"items": {}}),
        ("order.placed", {"promised_at": "tomorrow"}),
        ("order.placed", {"referred_by": ""}),
        ("order.placed", {"order_id": ""}),
        ("order.placed", {"order_id": 17}),
        ("order.placed", {"id": "x" * 129}),
        ("order.placed", {"customer_id": ""}),
        ("order.placed", {"customer_id": "x" * 129}),
        ("order.placed", {"channel": 1}),
        ("order.placed", {"experiments": {"a": 1}}),
        ("order.placed", {"experiments": ["a"]}),
        ("order.placed", {"experiments": {str(number): "a" for number in range(65)}}),
        ("order.placed", {"experiments": {"a": "b" * 129}}),
        ("refund.completed", {"amount": -1}),
        ("ticket.opened", {"priority": "HIGH"}),
        ("ticket.opened", {"opened_by": "bot"}),
        ("ticket.replied", {"author": "system"}),
        ("ticket.replied", {"public": "false"}),
        ("ticket.replied", {"public": 0}),
        ("ticket.status_changed", {"status": "new"}),
        ("review.submitted", {"rating": 0}),
        ("review.submitted", {"rating": 6}),
        ("review.submitted", {"rating": 4.5}),
        ("review.submitted", {"sentiment": 1.01}),
        ("review.submitted", {"sentiment": "good"}),
        ("survey.answered", {"survey": "nps", "score": 11}),
        ("survey.answered", {"survey": "nps", "score": -1}),
        ("survey.answered", {"survey": "ces", "score": 0}),
        ("survey.answered", {"survey": "ces", "score": 8}),
        ("survey.answered", {"survey": "csat", "score": 0}),
        ("survey.answered", {"survey": "csat", "score": 6}),
        ("survey.answered", {"score": 3, "survey": "smile"}),
        ("order.line_placed", {"line_id": ""}),
        ("ticket.opened", {"team": "x" * 129}),
        ("ticket.opened", {"category": ""}),
        ("ticket.replied", {"agent": "x" * 129}),
        ("ticket.updated", {"team": ""}),
        ("survey.answered", {"survey": "nps", "score": 9, "answer_id": ""}),
        ("survey.withdrawn", {"answer_id": "x" * 129}),
        ("customer.merged", {"into": "c1"}),
    ],
)
def test_invalid_value_is_an_invalid_field_that_is_named(name, fields):
    error = refused(event(name, **fields), KINDS[name])
    assert error.reason == "invalid_field"
    assert next(reversed(fields)) in error.message


@pytest.mark.parametrize(("survey", "lowest", "highest"), [("nps", 0, 10), ("ces", 1, 7), ("csat", 1, 5)])
def test_ends_of_each_scale_are_valid(survey, lowest, highest):
    for score in (lowest, highest):
        answer = read(event("survey.answered", survey=survey, score=score))
        assert isinstance(answer, SurveyAnswered)
        assert answer.score == score


def test_largest_amount_and_longest_ids_are_accepted():
    order = read(event("order.placed", amount=10**13, id="€" * 128, customer_id="😀" * 128))
    assert isinstance(order, OrderPlaced)
    assert (order.amount, len(order.id), len(order.customer_id)) == (10**13, 128, 128)


def test_decoder_accepts_currency_without_a_rate():
    assert isinstance(read(event("order.placed", currency="XXX")), OrderPlaced)


def test_unknown_fields_are_ignored():
    assert read(event("order.shipped", schema={"a": [1, None, {"b": "c"}]})) == read(event("order.shipped"))


@pytest.mark.parametrize(
    "attributes",
    [{"": "DE"}, {"a" * 65: "DE"}, {"country": "D" * 65}, {"country": 1}, {f"a{i}": "" for i in range(17)}],
    ids=["no name", "long name", "long value", "number", "too many"],
)
@pytest.mark.parametrize("name", ["customer.updated", "order.placed", "order.line_placed", "ticket.opened"])
def test_attributes_beyond_their_limits_are_refused(name, attributes):
    error = refused(event(name, attributes=attributes), KINDS[name])
    assert error.reason == "invalid_field"
    assert "attributes" in error.message


def test_null_of_an_attribute_stays_a_value():
    decoded = read(event("customer.updated", attributes={"country": None}, channel=None))
    assert decoded.attributes == {"country": None}
