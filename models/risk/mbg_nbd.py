"""MBG/NBD: how likely a customer is to buy ever again, from when they did.

Batislam, Denizel, Filiztekin, "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24 (2007). A customer buys at random with a rate of their own,
which over customers is gamma distributed (shape `r`, rate `alpha`); after each purchase, the first included,
they leave for good with a probability of their own, which is beta distributed (`a`, `b`).

The unit of time is the day: `alpha` is in days, and so are recency and age.
"""

from math import exp, log

from models.definitions.risk_model import Parameters

__all__ = ["p_alive"]


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
