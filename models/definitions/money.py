"""Minor units of currencies, and their value in the base currency.

Amounts are integers of a currency's minor unit, so that a sum does not depend on the order of its parts. They
become floating-point numbers once, when a metric is evaluated, at the configured rates.
"""

from collections.abc import Mapping
from math import nan
from typing import Final

#: Minor-unit exponents of ISO 4217 that are not 2 (amendment 177).
_EXPONENTS: Final = (
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0)
    | dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)


def exponent(currency: str) -> int:
    """Return the decimal places of a currency's minor unit: USD 2 (cents), JPY 0, KWD 3."""
    return _EXPONENTS.get(currency, 2)


def sums_in_base(sums: Mapping[str, int], rates: Mapping[str, float]) -> float:
    """Return sums of minor units by currency as major units of the base currency.

    Args:
        sums: currency -> minor units.
        rates: currency -> major units of the base currency for one major unit of it.

    Returns:
        NaN if a currency has no rate: the configuration had one when the sum was stored.
    """
    if not sums.keys() <= rates.keys():
        return nan
    return sum(to_base(sums[currency], currency, rates) for currency in sorted(sums))


def to_base(minor: int, currency: str, rates: Mapping[str, float]) -> float:
    """Convert minor units of `currency` to major units of the base currency.

    Args:
        minor: amount in minor units (cents).
        currency: ISO 4217 code.
        rates: currency -> major units of the base currency for one major unit of it.

    Returns:
        The amount in major units of the base currency.

    Raises:
        KeyError: If the currency has no rate.
    """
    return minor / float(10 ** exponent(currency)) * rates[currency]
