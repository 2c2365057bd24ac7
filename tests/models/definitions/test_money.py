"""Minor units and rates."""

import pytest

from models.definitions.money import exponent, to_base


@pytest.mark.parametrize(("currency", "places"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_minor_units_are_those_of_iso_4217(currency, places):
    assert exponent(currency) == places


def test_minor_units_convert_to_the_base_currency():
    rates = {"USD": 1.0, "JPY": 0.007, "KWD": 3.25}
    assert to_base(1999, "USD", rates) == 19.99
    assert to_base(1000, "JPY", rates) == 7.0
    assert to_base(2000, "KWD", rates) == 6.5


def test_currency_without_a_rate_raises():
    with pytest.raises(KeyError):
        to_base(1, "EUR", {"USD": 1.0})
