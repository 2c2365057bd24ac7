"""Minor units, and their worth in the base currency.

Amounts are integers of a currency's minor unit, so that sums depend on no order. They become floating-point
numbers once, when a metric is evaluated, at the present rates.
"""

from collections.abc import Mapping
from typing import Final

#: ISO 4217's minor-unit exponents, where they are not 2 (amendment 177).
_EXPONENTS: Final = (
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0)
    | dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)


def exponent(currency: str) -> int:
    """Give the decimal places of a currency's minor unit: USD 2 (cents), JPY 0, KWD 3."""
    return _EXPONENTS.get(currency, 2)


def to_base(minor: int, currency: str, rates: Mapping[str, float]) -> float:
    """Convert minor units of `currency` to major units of the base currency.

    Args:
        minor: integer minor units (cents).
        currency: its ISO 4217 code.
        rates: base units for one major unit of each currency.

    Raises:
        KeyError: the currency has no rate.
    """
    return minor / float(10 ** exponent(currency)) * rates[currency]
