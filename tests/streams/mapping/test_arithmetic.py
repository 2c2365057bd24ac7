"""Sums, differences and exchanged amounts of mapped numbers."""

from decimal import Decimal

import pytest

from streams.errors import SettingsError
from streams.mapping import arithmetic
from streams.mapping.conversions import ConversionError
from streams.mapping.mappings import load


def mapping(amount):
    rule = {"type": "refund.completed", "order_id": "o", "refund_id": "o"}
    rule["amount"] = {"money": "major", "currency": "USD"} | amount
    return load({"mappings": {"m": {"customer_id": "c", "time": "t", "events": [rule]}}}).reader("m")


def amount(value, **row):
    """The amount, in cents, or the message of the error."""
    found = mapping(value).map_row({"c": "7", "t": "2026-05-01T10:00:00Z", "o": "1"} | row)
    return found.events[0].amount if found.events else found.errors[0].message


def refunds(*totals):
    return [{"total": one} for one in totals]


SUM = {"sum": "refunds[].total", "match": "^-?(.*)$"}
EXCHANGE = {"path": "a", "exchange": ["shop", "shown"]}


def test_numbers_of_a_list_are_added_exactly():
    assert amount(SUM, refunds=refunds("-10.10", "-20.20")) == 3030
    assert amount(SUM, refunds=refunds(-10.1, -20.2, 0)) == 3030
    assert amount(SUM, refunds=refunds("-10.00", None, "")) == 1000


def test_a_list_without_numbers_is_nothing():
    assert "`amount` from `refunds[].total`" in amount(SUM, refunds=[])
    assert arithmetic.added([]) is None


def test_text_among_numbers_is_refused():
    with pytest.raises(ConversionError, match="has text that is no number"):
        arithmetic.added(["1.00", "none"])
    assert arithmetic.added([1, "2.5", Decimal("0.25")]) == Decimal("3.75")


def test_a_value_is_added_to_another():
    plus = {"path": "a", "plus": {"sum": "refunds[].total"}}
    assert amount(plus, a="10.10", refunds=refunds("20.20")) == 3030
    assert amount(plus, a="10.10", refunds=[]) == 1010
    assert "nothing is there" in amount(plus, refunds=refunds("20.20"))
    assert amount({"path": "a", "plus": "b", "minus": "c"}, a=3, b="0.5", c=1) == 250


@pytest.mark.parametrize(
    ("row", "cents"),
    [
        ({"a": "90.00", "shop": "100.00", "shown": "90.00"}, 10_000),
        ({"a": "30.00", "shop": "100.00", "shown": "90.00"}, 3_333),
        ({"a": "0.25", "shop": "1.00", "shown": "2.00"}, 12),  # 12.5, half to even
        ({"a": "90.00", "shop": "90.00", "shown": "90.0"}, 9_000),
        ({"a": "90.00", "shop": None, "shown": "90.00"}, 9_000),
        ({"a": "90.00", "shop": "0.00", "shown": "0.00"}, 9_000),
    ],
)
def test_an_amount_is_exchanged_and_rounded(row, cents):
    assert amount(EXCHANGE, **row) == cents


def test_an_exchanged_amount_may_be_a_part():
    parts = {"path": "b", "plus": EXCHANGE}
    assert amount(parts, b="1.00", a="30.00", shop="100.00", shown="90.00") == 3433
    choice = {"first": ["none", EXCHANGE]}
    assert amount(choice, a="30.00", shop="100.00", shown="90.00") == 3333


def test_an_amount_that_is_not_exchanged_is_not_rounded():
    assert "more than the currency's 2 decimal places" in amount({"path": "a"}, a="1.005")


def test_an_exchange_needs_two_paths():
    for wrong in ("shop", ["shop"], ["shop", "shown", "other"], ["shop", 3]):
        with pytest.raises(SettingsError, match=r"expected .* path"):
            mapping({"path": "a", "exchange": wrong})


def test_differences_are_exact():
    assert arithmetic.subtracted(1099, 300) == 799
    assert arithmetic.subtracted("10.99", 3) == Decimal("7.99")
    assert arithmetic.subtracted("x", 3) == "x"
