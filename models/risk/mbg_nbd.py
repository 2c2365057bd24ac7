"""MBG/NBD: the probability that a customer will buy again, from the times of the purchases (docs/risk.md).

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
    """Return the probability that a customer has not left, from 0 to 1.

    Args:
        parameters: fitted parameters.
        frequency: number of purchases after the first.
        recency: days from the first purchase to the last. 0 for a single purchase.
        age: days from the first purchase to now, at least `recency`.
    """
    # The logarithm of the odds of having left, because the power of a hundred purchases would overflow.
    silence = log((parameters.alpha + age) / (parameters.alpha + recency))
    left = log(parameters.a / (parameters.b + frequency)) + (parameters.r + frequency) * silence
    if left > 0:
        alive = exp(-left)
        return alive / (1 + alive)
    return 1 / (1 + exp(left))
