"""Times, minor units and ids: what records say, as the contract wants it."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.mapping import conversions
from streams.mapping.conversions import ConversionError

T = datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", 1714557600.123),
        ("s", "1714557600.123"),
        ("ms", 1714557600123),
        ("ms", "1714557600123"),
        ("us", 1714557600123000),
        ("ns", 1714557600123000456),
        ("ms", T),
        ("ms", Decimal(1714557600123)),
    ],
)
def test_epochs_are_exact(unit, value):
    assert conversions.epoch(unit)(value) == T


def test_date_is_midnight_in_the_zone():
    assert conversions.epoch("days")(19844) == datetime(2024, 5, 1, tzinfo=UTC)
    assert conversions.epoch("days")(date(2024, 5, 1)) == datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", ["yesterday", [1], {"s": 1}, True, 10**30, "1e300"])
def test_invalid_epoch_is_reported(value):
    with pytest.raises(ConversionError, match="since 1970"):
        conversions.epoch("s")(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01T12:00:00", T.replace(microsecond=0)),
        ("2024-05-01 12:00:00", T.replace(microsecond=0)),
        (datetime(2024, 5, 1, 12), T.replace(microsecond=0)),  # noqa: DTZ001
        ("2024-05-01T12:00:00+00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-12-01T12:00:00", datetime(2024, 12, 1, 11, tzinfo=UTC)),
        ("no time", "no time"),
    ],
)
def test_time_without_an_offset_is_in_the_zone(value, expected):
    assert conversions.local(ZoneInfo("Europe/Berlin"))(value) == expected


def test_format_with_or_without_offset_is_parsed():
    berlin = conversions.formatted("%d.%m.%Y %H:%M", ZoneInfo("Europe/Berlin"))
    assert berlin("01.05.2024 12:00") == T.replace(microsecond=0)
    offset = conversions.formatted("%Y-%m-%d %H:%M %z", None)
    assert offset("2024-05-01 12:00 +0200") == T.replace(microsecond=0)
    for value in ("1/5/2024", 5, None):
        with pytest.raises(ConversionError, match="not of the format"):
            berlin(value)


@pytest.mark.parametrize("value", [5, 5.5, datetime(2024, 5, 1)])  # noqa: DTZ001
def test_ambiguous_time_is_not_guessed(value):
    with pytest.raises(ConversionError, match=r"without a unit|no time zone"):
        conversions.instant(value)


def test_unknown_zone_is_an_error():
    with pytest.raises(ValueError, match="no time zone such as"):
        conversions.zone_of("Europe/Berln")


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
        (conversions.identifier, 17.5, 17.5),
        (conversions.identifier, True, True),
        (conversions.integer, "17", 17),
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
    ],
)
def test_values_of_other_kinds_are_returned_unchanged(convert, value, expected):
    found = convert(value)
    assert (found, type(found)) == (expected, type(expected))


def test_kind_of_a_value_is_named_without_its_content():
    values = [None, True, "s", 1, 1.5, Decimal(1), [1], {"a": 1}, b"x", T, timedelta(1)]
    named = [conversions.kind(value) for value in values]
    assert named == [
        *("nothing", "a boolean", "text", "a number", "a number", "a number", "a list", "an object"),
        *("bytes", "a time", "a timedelta"),
    ]


def test_offset_of_a_time_is_kept():
    at = T.astimezone(timezone(timedelta(hours=5)))
    assert conversions.instant(at) is at
