"""Conversions of times, minor units and ids to the form of the contract."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.mapping import conversions
from streams.mapping.conversions import ConversionError


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("19.99", 2, 1999),
        ("19.9", 2, 1990),
        ("19", 2, 1900),
        ("19.990", 2, 1999),
        ("-0.05", 2, -5),
        (" 19.99", 2, 1999),
        ("1e2", 2, 10000),
        (19.99, 2, 1999),
        (0.1 + 0.2, 17, 30000000000000004),
        (1.1, 2, 110),
        (19, 2, 1900),
        (Decimal("19.99"), 2, 1999),
        ("500", 0, 500),
        ("500.0", 0, 500),
        ("1.234", 3, 1234),
    ],
)
def test_decimals_become_minor_units_without_binary_error(value, places, expected):
    found = conversions.minor_units(value, places)
    assert found == expected
    assert isinstance(found, int)


@given(st.integers(-(10**13), 10**13), st.sampled_from([0, 2, 3]))
def test_amounts_survive_as_text_and_nearly_all_as_floats(minor, places):
    text = f"{Decimal(minor).scaleb(-places):f}"
    assert conversions.minor_units(text, places) == minor
    assert conversions.minor_units(float(text), places) == minor


@pytest.mark.parametrize(("value", "places"), [("19.999", 2), (19.999, 2), ("0.5", 0)])
def test_excess_decimal_places_are_not_rounded(value, places):
    with pytest.raises(ConversionError, match="more than the currency's"):
        conversions.minor_units(value, places)


@pytest.mark.parametrize("value", ["abc", "NaN", "inf", "1,99", "", [1], None, "1" * 40])
def test_value_that_is_no_decimal_is_returned_unchanged(value):
    assert conversions.minor_units(value, 2) == value


def test_kafka_connect_decimal_is_converted():
    assert conversions.connect_decimal("B88=", 2) == Decimal("19.99")
    assert conversions.connect_decimal("/w==", 2) == Decimal("-0.01")
    assert conversions.connect_decimal({"scale": 3, "value": "B88="}, 0) == Decimal("1.999")
    with pytest.raises(ConversionError, match="base64"):
        conversions.connect_decimal("19.99", 2)


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (conversions.identifier, 17, "17"),
        (conversions.identifier, 17.0, "17"),
        (conversions.identifier, Decimal(17), "17"),
        (conversions.identifier, Decimal("17.00"), "17"),
        (conversions.identifier, "17", "17"),
        (conversions.identifier, "17.0", "17.0"),
        (conversions.identity, "1234.0", "1234"),
        (conversions.identity, "1234.00", "1234"),
        (conversions.identity, "-1.0", "-1"),
        (conversions.identity, "0.0", "0"),
        (conversions.identity, 1234.0, "1234"),
        (conversions.identity, "v1.0", "v1.0"),
        (conversions.identity, "1.2.0", "1.2.0"),
        (conversions.identity, "007.0", "007.0"),
        (conversions.identity, "1234.50", "1234.50"),
        (conversions.identity, "1.234e3", "1.234e3"),
        (conversions.identifier, 17.5, 17.5),
        (conversions.identifier, True, True),
        (conversions.integer, "17", 17),
        (conversions.integer, "17.0", "17.0"),
        (conversions.rating, "5.0", 5),
        (conversions.rating, "5", 5),
        (conversions.rating, 5.0, 5),
        (conversions.rating, "4.5", "4.5"),
        (conversions.integer, 17.0, 17),
        (conversions.integer, 4.5, 4.5),
        (conversions.integer, Decimal("17.0"), 17),
        (conversions.integer, Decimal("4.5"), Decimal("4.5")),
        (conversions.integer, "4.5", "4.5"),
        (conversions.number, "0.5", 0.5),
        (conversions.number, Decimal("0.5"), 0.5),
        (conversions.boolean, "True", True),
        (conversions.boolean, "f", False),
        (conversions.boolean, 0, False),
        (conversions.boolean, "perhaps", "perhaps"),
        (conversions.variants, {"a": 1, "b": True, "c": None}, {"a": "1", "b": "true"}),
        (conversions.variants, "x", "x"),
        (
            conversions.attributes,
            {"a": 1, "b": True, "c": None, "d": ""},
            {"a": "1", "b": "true", "c": None, "d": None},
        ),
        (conversions.attributes, "x", "x"),
    ],
)
def test_values_of_other_kinds_are_returned_unchanged(convert, value, expected):
    found = convert(value)
    assert (found, type(found)) == (expected, type(expected))


def test_kind_of_a_value_is_named_without_its_content():
    values = [
        None,
        True,
        "s",
        1,
        1.5,
        Decimal(1),
        [1],
        {"a": 1},
        b"x",
        datetime(2024, 5, 1, tzinfo=UTC),
        timedelta(1),
    ]
    named = [conversions.kind(value) for value in values]
    assert named == [
        *("nothing", "a boolean", "text", "a number", "a number", "a number", "a list", "an object"),
        *("bytes", "a time", "a timedelta"),
    ]


@pytest.mark.parametrize("convert", [conversions.identity, conversions.text])
def test_float_that_lost_digits_is_no_id(convert):
    assert convert(9007199254740992.0) == "9007199254740992"
    with pytest.raises(ConversionError, match="last digits are lost"):
        convert(1.2345678901234568e17)
