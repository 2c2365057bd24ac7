"""Amounts in a source's own minor units, and the mappings that name them."""

from decimal import Decimal

import pytest

from streams.errors import SettingsError
from streams.mapping import minor_units
from streams.mapping.conversions import ConversionError
from streams.mapping.mappings import load

OWN = {"ISK": 2, "MGA": 0, "KWD": 2}


def mapping(**changes):
    return load(
        {
            "mappings": {
                "m": {
                    "customer_id": "c",
                    "time": "t",
                    "currency": "u",
                    "minor_units": OWN,
                    "events": [
                        {"type": "order.placed", "order_id": "o", "amount": {"path": "a", "money": "minor"}},
                        {
                            "type": "refund.completed",
                            "refund_id": {"join": ["o", {"path": "a", "minus": "before"}]},
                            "order_id": "o",
                            "amount": {"path": "a", "minus": "before", "money": "minor"},
                        },
                    ],
                }
                | changes
            }
        }
    )


def events(row):
    row = {"c": "7", "t": "2026-05-01T10:00:00Z", "u": "ISK", "o": "o1", "a": 500, "before": 100} | row
    found = mapping().reader("m").map_row(row)
    return found.events, [error.message for error in found.errors]


def test_an_amount_becomes_iso_minor_units():
    (order, refund), errors = events({})
    assert (order.amount, order.currency) == (5, "ISK")
    assert (refund.amount, errors) == (4, [])  # the currency is the mapping's own, the event has none


def test_joined_parts_may_be_differences():
    assert events({})[0][1].refund_id == "o1-400"
    assert "`refund_id`" in events({"o": None})[1][1]


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (200_000, "ISK", 2_000),
        ("200000", "ISK", 2_000),
        (Decimal(200_000), "ISK", 2_000),
        (200_000.0, "ISK", 2_000),
        (1_000, "MGA", 100_000),
        (1_000, "KWD", 10_000),
        (1_000, "USD", 1_000),
        (1_000, "JPY", 1_000),
        (0, "ISK", 0),
        (-500, "ISK", -5),
        ("cheap", "ISK", "cheap"),
        (None, "USD", None),
    ],
)
def test_amounts_are_converted_by_decimal_places(amount, currency, expected):
    assert minor_units.converted(amount, currency, OWN) == expected


def test_a_fraction_of_the_minor_unit_is_refused():
    with pytest.raises(ConversionError, match="a fraction of the currency's minor unit"):
        minor_units.converted(150, "ISK", OWN)
    assert "a fraction of the currency's minor unit" in events({"a": 150})[1][0]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (3, "mappings.m.minor_units: expected a table"),
        ({"isk": 2}, "mappings.m.minor_units.isk: is no currency"),
        ({"ISK": "2"}, "mappings.m.minor_units.ISK: expected the decimal places of its minor unit"),
        ({"ISK": True}, "a whole number from 0 to 8"),
        ({"ISK": 9}, "a whole number from 0 to 8"),
    ],
)
def test_invalid_minor_units_name_the_key(own, expected):
    with pytest.raises(SettingsError) as error:
        mapping(minor_units=own)
    assert expected in str(error.value).replace(" (in None)", "")


def test_money_must_be_major_or_minor():
    with pytest.raises(SettingsError, match='expected "major" or "minor"'):
        mapping(events=[{"type": "order.placed", "order_id": "o", "amount": {"path": "a", "money": "cents"}}])
