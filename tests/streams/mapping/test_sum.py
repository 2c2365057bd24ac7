"""The sum of a list's numbers."""

from decimal import Decimal

import pytest

from streams.mapping import conversions
from streams.mapping.conversions import ConversionError
from streams.mapping.mappings import load

TABLE = {
    "customer_id": "c",
    "time": "t",
    "events": [
        {
            "type": "refund.completed",
            "order_id": "o",
            "refund_id": "o",
            "amount": {"sum": "refunds[].total", "match": "^-?(.*)$", "money": "major", "currency": "USD"},
        }
    ],
}


def amount(*totals):
    row = {"c": "7", "t": "2026-05-01T10:00:00Z", "o": "1", "refunds": [{"total": one} for one in totals]}
    found = load({"mappings": {"m": TABLE}}).reader("m").map_row(row)
    return found.events[0].amount if found.events else found.errors[0].message


def test_numbers_of_a_list_are_added_exactly():
    assert amount("-10.10", "-20.20") == 3030
    assert amount(-10.1, -20.2, 0) == 3030
    assert amount("-10.00", None, "") == 1000


def test_a_list_without_numbers_is_nothing():
    assert "`amount` from `refunds[].total`" in amount()
    assert conversions.added([]) is None


def test_text_among_numbers_is_refused():
    with pytest.raises(ConversionError, match="has text that is no number"):
        conversions.added(["1.00", "none"])
    assert conversions.added([1, "2.5", Decimal("0.25")]) == Decimal("3.75")
