"""The fitted model of purchase rates that `retention fit` writes and a worker reads (docs/risk.md)."""

from math import isfinite

from msgspec import Struct

__all__ = ["Parameters", "RiskModel"]


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The fitted parameters of the MBG/NBD model of a shop.

    Attributes:
        r: shape of the gamma distribution of purchase rates.
        alpha: rate of that distribution, in days. `r / alpha` is the mean number of purchases per day.
        a: first parameter of the beta distribution of the probability to leave after a purchase.
        b: second parameter. `a / (a + b)` is the mean probability.

    Raises:
        ValueError: On construction, if a value is not finite and above 0. The message starts with its name.
    """

    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        """Check that the parameters make distributions."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name}: {value} is not above 0")


class RiskModel(Struct, frozen=True, kw_only=True):
    """The result of one fit.

    Attributes:
        version: name of the fit, such as `2026-06-30-1f0c8d2e`: the day of its `now`, and a hash of the data.
        parameters: parameters of the MBG/NBD model.
        typical_gap_days: median of the gaps between purchases of all customers, days.

    Raises:
        ValueError: On construction, if the gap is not above 0, or the version is empty.
    """

    version: str
    parameters: Parameters
    typical_gap_days: float

    def __post_init__(self) -> None:
        """Check that a fit may have produced the values."""
        if not self.version:
            raise ValueError("version: is empty")
        if not (isfinite(self.typical_gap_days) and self.typical_gap_days > 0):
            raise ValueError(f"typical_gap_days: {self.typical_gap_days} is not above 0")
