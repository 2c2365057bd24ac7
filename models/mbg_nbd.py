"""MBG/NBD: how likely a customer is to buy ever again, from when they did.

Batislam, Denizel, Filiztekin, "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24 (2007). A customer buys at random with a rate of their own,
which over customers is gamma distributed (shape `r`, rate `alpha`); after each purchase, the first included,
they leave for good with a probability of their own, which is beta distributed (`a`, `b`).

The unit of time is the day: `alpha` is in days, and so are recency and age.
"""

from math import exp, isfinite, log

from msgspec import Struct

__all__ = ["Parameters", "p_alive"]


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


def p_alive(parameters: Parameters, frequency: int, recency: float, age: float) -> float:
    """Give the probability that a customer has not left, from 0 to 1.

    Args:
        parameters: as fitted.
        frequency: purchases after the first.
        recency: days from the first purchase to the last; 0 where there is one.
        age: days from the first purchase to now, at least `recency`.
    """
    # The odds of having left, as a logarithm: a power of a hundred purchases would overflow.
    silence = log((parameters.alpha + age) / (parameters.alpha + recency))
    left = log(parameters.a / (parameters.b + frequency)) + (parameters.r + frequency) * silence
    if left > 0:
        alive = exp(-left)
        return alive / (1 + alive)
    return 1 / (1 + exp(left))
