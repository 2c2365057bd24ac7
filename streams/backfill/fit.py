"""Fitting MBG/NBD: the parameters that make the customers' histories most likely (docs/risk.md).

The optimiser and the special functions are SciPy's, which is installed with the extra `fit`: a worker does
without. The model itself is `models.risk.mbg_nbd`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from statistics import median
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from models.definitions.risk_model import Parameters
from models.definitions.windows import US_PER_DAY
from models.risk.lateness import gaps_of, purchase_days
from models.risk.mbg_nbd import p_alive
from streams.errors import RetentionError

__all__ = [
    "RETURNING_AT_LEAST",
    "CannotFit",
    "Fit",
    "History",
    "Sample",
    "fit",
    "log_likelihood",
    "summarise",
]

#: With fewer, four parameters say more of chance than of the shop.
RETURNING_AT_LEAST: Final = 50
#: Nothing that describes a shop lies beyond; an optimum there is none.
_LOWEST, _HIGHEST = 1e-5, 1e6
_NEAR: Final = 1e-3  # to a limit, as a logarithm
#: Of a customer's mean log likelihood by a parameter's logarithm, where the best is found.
_FLAT: Final = 1e-6


class CannotFit(RetentionError):
    """The events do not determine a model."""


class History(NamedTuple):
    """What the model knows of a customer, in days.

    Attributes:
        frequency: purchases after the first.
        recency: from the first to the last.
        age: from the first to now.
    """

    frequency: int
    recency: int
    age: int


class Sample(Struct):
    """What a fit rests on: the customers who bought.

    Attributes:
        histories: each with the number of customers who have it.
        gaps: days between two purchases, with how often.
    """

    histories: Counter[History] = field(default_factory=Counter)
    gaps: Counter[int] = field(default_factory=Counter)

    @property
    def customers(self) -> int:
        """How many there are."""
        return self.histories.total()

    @property
    def returning(self) -> int:
        """How many of them bought on two days or more."""
        return sum(number for history, number in self.histories.items() if history.frequency)

    @property
    def typical_gap_days(self) -> float:
        """The median of all gaps; there has to be one."""
        return float(median(self.gaps.elements()))

    def digest(self) -> str:
        """Give a hash of all that the fit rests on: the same for the same orders, however they came."""
        rows = [(*history, number) for history, number in self.histories.items()]
        return sha256(repr((sorted(rows), sorted(self.gaps.items()))).encode()).hexdigest()


class Fit(NamedTuple):
    """The best parameters, and the logarithm of how likely they make the sample."""

    parameters: Parameters
    log_likelihood: float


def summarise(customers: Iterable[Sequence[int]], now: int) -> Sample:
    """Take what the model needs of each customer's times of qualifying orders, ascending, microseconds."""
    sample = Sample()
    for orders in customers:
        days = purchase_days(orders)
        sample.histories[History(len(days) - 1, days[-1] - days[0], now // US_PER_DAY - days[0])] += 1
        sample.gaps.update(gaps_of(days))
    return sample


def fit(sample: Sample) -> Fit:
    """Find the parameters that make a sample most likely.

    Raises:
        CannotFit: too few came back, or no parameters are the best.
    """
    if sample.returning < RETURNING_AT_LEAST:
        raise CannotFit(
            f"a fit needs {RETURNING_AT_LEAST} customers who bought on two days or more,"
            f" and there are {sample.returning} (of {sample.customers:,})",
            "give more events, or a later --now; lateness needs no model",
        )
    likelihood = _Likelihood(sample.histories)
    # Everyone alike, and as likely to stay as to leave, who buys as often as the customers do on average.
    start = np.log([1.0, likelihood.mean_age / likelihood.mean_frequency, 1.0, 1.0])
    found = minimize(
        likelihood.negative_mean,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(_LOWEST), np.log(_HIGHEST))] * 4,
        options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8},
    )
    _check(found.x, found.jac, str(found.message))
    parameters = Parameters(*map(float, np.exp(found.x)))
    return Fit(parameters, -float(found.fun) * sample.customers)


def log_likelihood(parameters: Parameters, histories: Mapping[History, int]) -> float:
    """Give the logarithm of how likely the parameters make these customers' histories."""
    logs = np.log([parameters.r, parameters.alpha, parameters.a, parameters.b])
    return -_Likelihood(histories).negative_mean(logs)[0] * sum(histories.values())


def likely_customers(parameters: Parameters, histories: Mapping[History, int]) -> float:
    """Give how many customers are expected not to have left: the sum of their P(alive)."""
    return sum(number * p_alive(parameters, *history) for history, number in histories.items())


def _check(logs: NDArray[np.float64], gradient: NDArray[np.float64], message: str) -> None:
    """Refuse what is no optimum; the optimiser's own word is that it could not go on."""
    hint = "give more of the shop's history, or another --now"
    for name, log in zip(Parameters.__struct_fields__, logs, strict=True):
        if min(log - np.log(_LOWEST), np.log(_HIGHEST) - log) < _NEAR:
            raise CannotFit(f"the model does not describe these customers: {name} has no best value", hint)
    steepest = float(np.abs(gradient).max())
    if not steepest < _FLAT:
        raise CannotFit(f"the fit has not converged (gradient {steepest:.1e}): {message}", hint)


class _Likelihood:
    """Of histories, as a function of the parameters' logarithms, with its gradient.

    Batislam et al. (2007), with the terms that cancel out left out:

        L = G(r+x) alpha^r / G(r) * G(a+b) G(b+x) / (G(b) G(a+b+x+1))
            * ((b+x) / (alpha+T)^(r+x) + a / (alpha+t)^(r+x))

    of frequency x, recency t and age T, with G the gamma function; the sum is over who stayed and who left.
    """

    def __init__(self, histories: Mapping[History, int]) -> None:
        ordered = sorted(histories.items())  # so that the same sample gives the same digits
        table = np.array([history for history, _ in ordered], np.float64)
        weights = np.array([number for _, number in ordered], np.float64)
        self._x, self._recency, self._age = table.T
        self._weights = weights / weights.sum()
        self.mean_frequency = float(self._weights @ self._x)
        self.mean_age = float(self._weights @ self._age)

    def negative_mean(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Give what is to be minimised: minus the mean log likelihood of a customer, and its gradient."""
        r, alpha, a, b = np.exp(logs)
        x, age, last = self._x, np.log(alpha + self._age), np.log(alpha + self._recency)
        stayed, left = np.log(b + x) - (r + x) * age, np.log(a) - (r + x) * last
        either = np.logaddexp(stayed, left)
        each = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) - gammaln(b)
        each += gammaln(b + x) - gammaln(a + b + x + 1) + either
        stay, leave = np.exp(stayed - either), np.exp(left - either)
        both = psi(a + b) - psi(a + b + x + 1)
        slopes = [
            psi(r + x) - psi(r) + np.log(alpha) - stay * age - leave * last,
            r / alpha - (r + x) * (stay / (alpha + self._age) + leave / (alpha + self._recency)),
            both + leave / a,
            both - psi(b) + psi(b + x) + stay / (b + x),
        ]
        gradient = np.array([self._weights @ slope for slope in slopes]) * np.exp(logs)
        return -float(self._weights @ each), -gradient
