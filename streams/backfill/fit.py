"""Fit MBG/NBD: find the parameters that maximise the likelihood of the customers' histories (docs/risk.md).

The optimiser and the special functions come from SciPy, which the extra `fit` installs; a worker does not
need it. The model itself is in `models.risk.mbg_nbd`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from statistics import median
from typing import Final, NamedTuple

import numpy as np
import scipy  # its parts are loaded when they are used: they take 2 s
from msgspec import Struct, field
from numpy.typing import NDArray

from models.definitions.risk_model import Parameters
from models.definitions.windows import US_PER_DAY
from models.risk.lateness import order_gaps_of, purchase_days
from models.risk.mbg_nbd import p_alive
from streams.errors import RetentionError

__all__ = [
    "MIN_RETURNING",
    "CannotFit",
    "Fit",
    "History",
    "PurchaseSample",
    "fit",
    "log_likelihood",
    "summarise",
]

#: With fewer returning customers, four parameters describe chance rather than the shop.
MIN_RETURNING: Final = 50
#: Bounds of the parameters. No shop has values beyond; an optimum at a bound is not accepted.
_LOWEST, _HIGHEST = 1e-5, 1e6
_NEAR: Final = 1e-3  # distance to a bound, as a logarithm
#: Maximum gradient of the mean log likelihood by the logarithm of a parameter, at an optimum.
_FLAT: Final = 1e-6


class CannotFit(RetentionError):
    """The events do not determine the parameters."""


class History(NamedTuple):
    """Purchases of a customer, as the model sees them.

    Attributes:
        frequency: number of purchase days after the first.
        recency: days from the first purchase to the last.
        age: days from the first purchase to now.
    """

    frequency: int
    recency: int
    age: int


class PurchaseSample(Struct):
    """The customers to whom a model is fitted.

    Attributes:
        histories: history -> number of customers.
        order_gaps: days between two purchases -> number of times.
    """

    histories: Counter[History] = field(default_factory=Counter)
    order_gaps: Counter[int] = field(default_factory=Counter)

    @property
    def customers(self) -> int:
        """Number of customers."""
        return self.histories.total()

    @property
    def returning(self) -> int:
        """Number of customers who bought on two days or more."""
        return sum(number for history, number in self.histories.items() if history.frequency)

    @property
    def typical_gap_days(self) -> float:
        """Median gap between two purchases, days. Requires a returning customer."""
        return float(median(self.order_gaps.elements()))

    def digest(self) -> str:
        """Return a SHA-256 of the sample, hexadecimal: equal for equal orders in any order of events."""
        rows = [(*history, number) for history, number in self.histories.items()]
        return sha256(repr((sorted(rows), sorted(self.order_gaps.items()))).encode()).hexdigest()


class Fit(NamedTuple):
    """A fitted model.

    Attributes:
        parameters: the most likely parameters.
        log_likelihood: logarithm of the sample's likelihood under these parameters.
    """

    parameters: Parameters
    log_likelihood: float


def summarise(customers: Iterable[Sequence[int]], now: int) -> PurchaseSample:
    """Return the sample that the customers' orders make.

    Args:
        customers: for each customer the times of the qualifying orders, ascending, microseconds since the
            epoch.
        now: instant at which the ages are measured, microseconds since the epoch.
    """
    sample = PurchaseSample()
    for orders in customers:
        days = purchase_days(orders)
        sample.histories[History(len(days) - 1, days[-1] - days[0], now // US_PER_DAY - days[0])] += 1
        sample.order_gaps.update(order_gaps_of(days))
    return sample


def fit(sample: PurchaseSample) -> Fit:
    """Return the parameters that maximise the likelihood of a sample.

    Args:
        sample: the customers.

    Raises:
        CannotFit: too few customers came back, or the likelihood has no maximum within the bounds.

    Example:
        >>> found = fit(summarise(order_times, now))
        >>> found.parameters.alpha
    """
    if sample.returning < MIN_RETURNING:
        raise CannotFit(
            f"a fit needs {MIN_RETURNING} customers who bought on two days or more,"
            f" but there are {sample.returning} (of {sample.customers:,})",
            "add events, or choose a later --now; lateness needs no model",
        )
    likelihood = _Likelihood(sample.histories)
    # Start with identical customers who buy at the average rate and are as likely to stay as to leave.
    start = np.log([1.0, likelihood.mean_age / likelihood.mean_frequency, 1.0, 1.0])
    found = scipy.optimize.minimize(
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
    """Return the logarithm of the likelihood of histories under these parameters.

    Args:
        parameters: parameters of the model.
        histories: history -> number of customers.
    """
    logs = np.log([parameters.r, parameters.alpha, parameters.a, parameters.b])
    return -_Likelihood(histories).negative_mean(logs)[0] * sum(histories.values())


def expected_active(parameters: Parameters, histories: Mapping[History, int]) -> float:
    """Return the expected number of customers who have not left: the sum of P(alive).

    Args:
        parameters: parameters of the model.
        histories: history -> number of customers.
    """
    return sum(number * p_alive(parameters, *history) for history, number in histories.items())


def _check(logs: NDArray[np.float64], gradient: NDArray[np.float64], message: str) -> None:
    """Raise `CannotFit` unless the parameters are an optimum: the optimiser also succeeds at bounds."""
    hint = "add more of the shop's history, or choose another --now"
    for name, log in zip(Parameters.__struct_fields__, logs, strict=True):
        if min(log - np.log(_LOWEST), np.log(_HIGHEST) - log) < _NEAR:
            raise CannotFit(f"the model does not describe these customers: {name} has no optimum", hint)
    steepest = float(np.abs(gradient).max())
    if not steepest < _FLAT:
        raise CannotFit(f"the fit did not converge (gradient {steepest:.1e}): {message}", hint)


class _Likelihood:
    """Likelihood of histories as a function of the logarithms of the parameters, with its gradient.

    Batislam et al. (2007), without the terms that cancel out:

        L = G(r+x) alpha^r / G(r) * G(a+b) G(b+x) / (G(b) G(a+b+x+1))
            * ((b+x) / (alpha+T)^(r+x) + a / (alpha+t)^(r+x))

    for frequency x, recency t and age T, where G is the gamma function. The two terms of the sum are those of
    a customer who stayed and of one who left.

    Attributes:
        mean_frequency: mean number of purchases after the first.
        mean_age: mean age, days.
    """

    def __init__(self, histories: Mapping[History, int]) -> None:
        ordered = sorted(histories.items())  # equal samples give equal digits
        table = np.array([history for history, _ in ordered], np.float64)
        weights = np.array([number for _, number in ordered], np.float64)
        self._x, self._recency, self._age = table.T
        self._weights = weights / weights.sum()
        self.mean_frequency = float(self._weights @ self._x)
        self.mean_age = float(self._weights @ self._age)

    def negative_mean(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return minus the mean log likelihood of a customer, and its gradient."""
        gammaln, psi = scipy.special.gammaln, scipy.special.psi
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
