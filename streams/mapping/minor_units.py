"""Amounts in a source's own minor units, which need not be those of ISO 4217.

Payment providers count in integers too, but the decimal places of some currencies are their own: at Stripe,
5 ISK are 500. A mapping lists those in its `minor_units`; all others are ISO 4217's.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from models.definitions.money import exponent
from streams.mapping import conversions
from streams.mapping.conversions import ConversionError
from streams.mapping.definition_checks import InvalidKey, a_table

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MOST_PLACES: Final = 8


def is_currency(text: str) -> bool:
    """Whether text has the form of an ISO 4217 code."""
    return _CURRENCY.fullmatch(text) is not None


def read(at: str, content: object) -> Mapping[str, int]:
    """Read a mapping's `minor_units`: currency -> decimal places of the source's own minor unit.

    Raises:
        InvalidKey: a key is no currency, or a value no number of decimal places.
    """
    table = a_table(at, content)
    for currency, places in table.items():
        if not is_currency(currency):
            raise InvalidKey(f"{at}.{currency}", "is no currency", "expected an ISO 4217 code such as EUR")
        if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= _MOST_PLACES:
            problem = (
                f"expected the decimal places of its minor unit, a whole number from 0 to {_MOST_PLACES}"
            )
            raise InvalidKey(f"{at}.{currency}", problem)
    return table


def shift(currency: str, own_places: Mapping[str, int]) -> int:
    """Return the power of ten between a source's minor unit and ISO 4217's.

    Args:
        currency: ISO 4217 code.
        own_places: currency -> decimal places of the source's minor unit, where it is not ISO 4217's.
    """
    places = exponent(currency)
    return places - own_places.get(currency, places)


def converted(amount: Any, currency: str, own_places: Mapping[str, int]) -> Any:  # noqa: ANN401 - JSON
    """Return an amount in a source's own minor units as an integer of the currency's minor units.

    Args:
        amount: a whole number, also as text or a decimal; anything else is returned unchanged.
        currency: ISO 4217 code.
        own_places: currency -> decimal places of the source's minor unit, where it is not ISO 4217's.

    Raises:
        ConversionError: the amount is a fraction of the currency's minor unit.
    """
    power = shift(currency, own_places)
    if amount.__class__ is int and power >= 0:
        return amount * 10**power
    found = conversions.exact(amount)
    if found is None:
        return amount
    scaled = Decimal(found).scaleb(power)
    if (minor := int(scaled)) == scaled:
        return minor
    raise ConversionError("is a fraction of the currency's minor unit")
