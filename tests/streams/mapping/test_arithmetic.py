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


NOISE = 0.1 + 0.2


def test_noise_of_float_sums_is_refused_or_rounded():
    assert "`round = true` rounds it" in amount({"path": "a"}, a=NOISE)
    assert amount({"path": "a", "round": True}, a=NOISE) == 30
    assert amount({"path": "a", "round": True}, a=str(19.99 * 3)) == 5997
    assert amount({"path": "a", "round": True, "currency": "JPY"}, a=499.99999999999994) == 500
    assert amount({"path": "a", "round": 1}, a=NOISE) == 30
    assert amount({"path": "a", "round": 3}, a=1.0004) == 100
    assert amount(SUM | {"round": True}, refunds=refunds(NOISE, "20.20")) == 2050
    assert amount({"path": "a", "plus": "b", "round": True}, a=1, b=NOISE) == 130


def test_half_of_the_smallest_unit_is_rounded_to_even():
    assert [amount({"path": "a", "round": True}, a=one) for one in ("0.005", "0.015", "2.675")] == [0, 2, 268]


def test_rounded_amount_is_a_number_or_invalid():
    assert "(text)" in amount({"path": "a", "round": True}, a="ten")
    assert "nothing is there" in amount({"path": "a", "round": True}, a=None)


def test_fraction_of_a_minor_unit_is_rounded():
    minor = {"path": "a", "money": "minor"}
    assert "fraction" in amount(minor, a=2999.9999999999995)
    assert amount(minor | {"round": True}, a=2999.9999999999995) == 3000


def test_other_numbers_are_rounded_too():
    score = {"type": "review.submitted", "review_id": "o", "id": "o", "rating": {"path": "a", "round": 0}}
    reader = load({"mappings": {"m": {"customer_id": "c", "time": "t", "events": [score]}}}).reader("m")
    found = reader.map_row({"c": "7", "t": "2026-05-01T10:00:00Z", "o": "1", "a": "4.2"})
    assert found.events[0].rating == 4


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"round": False}, "decimal places from 0 to 18"),
        ({"round": -1}, "decimal places from 0 to 18"),
        ({"round": "up"}, "decimal places from 0 to 18"),
        ({"first": [{"path": "a", "round": True}]}, "true needs `money`"),
    ],
)
def test_invalid_rounding_names_its_key(value, problem):
    with pytest.raises(SettingsError, match=r"amount.*round") as refused:
        mapping({"path": "a"} | value if "first" not in value else value)
    assert problem in str(refused.value)
