"""A fitted model of the customers' rhythm: what `retention fit` writes, and a worker needs of it."""

from math import isfinite

from msgspec import Struct

__all__ = ["Parameters", "RiskModel"]


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """What is fitted, for a whole shop.

    Attributes:
        r: shape of the rates' gamma distribution.
        alpha: its rate, in days: r / alpha is the mean number of purchases of a day.
        a: first parameter of the beta distribution of leaving after a purchase.
        b: the second: a / (a + b) is the mean probability.

    Raises:
        ValueError: on construction, one is not above 0, or not finite; the message starts with its name.
    """

    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name}: {value} is not above 0")


class RiskModel(Struct, frozen=True, kw_only=True):
    """What one fit has found out about a shop.

    Attributes:
        version: names the fit, such as `2026-06-30-1f0c8d2e`: its `now`, and the data's hash.
        parameters: of the MBG/NBD model.
        typical_gap_days: the median of all customers' gaps between purchases.

    Raises:
        ValueError: on construction, the gap is not above 0, or the version is empty.
    """

    version: str
    parameters: Parameters
    typical_gap_days: float

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        if not self.version:
            raise ValueError("version: is empty")
        if not (isfinite(self.typical_gap_days) and self.typical_gap_days > 0):
            raise ValueError(f"typical_gap_days: {self.typical_gap_days} is not above 0")
