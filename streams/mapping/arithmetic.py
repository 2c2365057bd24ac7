"""Exact arithmetic of mapped numbers, without binary errors."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from streams.mapping import conversions
from streams.mapping.conversions import ConversionError


def added(values: Iterable[Any]) -> Decimal | None:
    """Return the sum of numbers, also of text, without binary error; None if there is none.

    Raises:
        ConversionError: a value is no number.
    """
    total = None
    for value in values:
        found = conversions.exact(value)
        if found is None and value is not None and value != "":
            raise ConversionError(f"has {conversions.kind(value)} that is no number among its values")
        if found is not None:
            total = Decimal(found) if total is None else total + found
    return total


def subtracted(value: Any, less: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a difference of two numbers, exactly; the first as it is if one of them is none."""
    one, other = conversions.exact(value), conversions.exact(less)
    return value if one is None or other is None else one - other


def exchanged(value: Any, wanted: Any, given: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an amount in another currency, at the ratio of one amount in both.

    Args:
        value: amount in the currency of `given`.
        wanted: the amount in the wanted currency.
        given: the same amount in the currency of `value`.

    Returns:
        `value` unchanged if the amounts are equal, or one of them is missing or zero.
    """
    amount, numerator, denominator = (
        conversions.exact(value),
        conversions.exact(wanted),
        conversions.exact(given),
    )
    if amount is None or not numerator or not denominator or numerator == denominator:
        return value
    return Decimal(amount) * numerator / denominator


def rounded(value: Any, places: int) -> Any:  # noqa: ANN401 - JSON
    """Return a number rounded to decimal places, half to even; anything else unchanged."""
    found = conversions.exact(value)
    return value if found is None else round(Decimal(found), places)
