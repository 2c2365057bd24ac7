"""Amounts, dates and ids as spreadsheets, old files and small floats have them."""

import struct
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from streams.errors import SettingsError
from streams.mapping import conversions, times
from streams.mapping.conversions import ConversionError
from tests.support.mappings import mapping_reader

MAPPING = """
[mappings.m]
customer_id = "customer"
[[mappings.m.events]]
type = "order.placed"
order_id = "id"
time = {{ path = "day", zone = "Europe/Berlin" }}
amount = {{ path = "total", {how}, money = "major", currency = "EUR" }}
currency = {{ const = "EUR" }}
"""
ROW = {"id": "a", "customer": "c", "day": "2024-05-01"}


def outcome(how, **fields):
    return mapping_reader(MAPPING.format(how=how)).map_row(ROW | fields)


@pytest.mark.parametrize(
    ("how", "text", "minor"),
    [
        ('decimal = ","', "19,99", 1999),
        ('decimal = ","', "1.234.567,5", 123456750),
        ('decimal = ","', "1 234,50", 123450),
        ('decimal = ","', "1\u202f234,50", 123450),
        ('decimal = ","', " -5,00 ", -500),
        ('decimal = ","', "1234", 123400),
        ('decimal = "."', "1,234.50", 123450),
        ('decimal = "."', "1'234.50", 123450),
        ('decimal = "."', 12.5, 1250),
        ('match = "[0-9.,]+", decimal = ","', "€ 1.234,50", 123450),
    ],
)
def test_amount_as_people_write_it_is_converted(how, text, minor):
    found = outcome(how, total=text)
    if minor < 0:
        assert "amount" in found.errors[0].message, "it is read, and then refused as negative"
    else:
        assert [event.amount for event in found.events] == [minor]


@pytest.mark.parametrize(
    ("how", "text", "expected"),
    [
        ('decimal = ","', "19.99", "is no number with a decimal comma"),
        ('decimal = ","', "1.23,45", "is no number with a decimal comma"),
        ('decimal = "."', "19,99", "is no number with a decimal point"),
        ('decimal = "."', "12 apples", "is no number with a decimal point"),
        ('decimal = ","', "19,999", "more than the currency's 2 decimal places"),
    ],
)
def test_ambiguous_amount_is_rejected_instead_of_guessed(how, text, expected):
    [error] = outcome(how, total=text).errors
    assert (error.reason, expected in error.message) == ("invalid_field", True)


def test_unknown_decimal_separator_is_an_error_of_the_mapping():
    with pytest.raises(SettingsError, match=r'amount.decimal.*expected "," or "."'):
        outcome('decimal = ";"', total="1")


def test_float_of_32_bits_counts_as_it_was_written():
    single = struct.unpack("f", struct.pack("f", 19.99))[0]
    assert single != 19.99
    assert conversions.minor_units(single, 2) == 1999
    for value in (19.989, 0.125, struct.unpack("f", struct.pack("f", 19.989))[0]):
        with pytest.raises(ConversionError, match="2 decimal places"):
            conversions.minor_units(value, 2)


def test_date_is_midnight_in_the_given_zone():
    [event] = outcome('decimal = ","', total="1", day=date(2024, 5, 1)).events
    assert event.time == datetime(2024, 4, 30, 22, tzinfo=UTC)
    with pytest.raises(ConversionError, match="has no time zone"):
        times.instant(date(2024, 5, 1))


def test_bytes_are_decoded_as_text():
    [event] = outcome('decimal = "."', total="1", id=b"a-1", customer="ü".encode()).events
    assert (event.order_id, event.customer_id) == ("a-1", "ü")
    [error] = outcome('decimal = "."', total="1", id=b"\xff").errors
    assert "order_id" in error.message
    assert conversions.identifier(Decimal("1.0")) == "1"
