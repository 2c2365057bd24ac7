"""The likelihood of the model, and the parameters that maximise it."""

import gzip
import re
from bisect import bisect
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import scipy  # its parts are loaded when they are used

from models.contract.decoding import decode, to_us
from models.definitions.definitions import Definitions
from models.definitions.risk_model import Parameters, RiskModel
from models.definitions.windows import US_PER_DAY
from models.facts.from_events import facts_of
from models.risk.lateness import assess
from models.risk.mbg_nbd import p_alive
from models.risk.purchase_history import PurchaseHistories
from streams.backfill import fit as fit_module
from streams.backfill.fit import (
    CannotFit,
    History,
    PurchaseSample,
    expected_active,
    fit,
    log_likelihood,
    summarise,
)

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "risk.md").read_text()
TRUE = Parameters(0.9, 50.0, 1.2, 3.0)


def simulated(customers, parameters=TRUE, seed=7):
    """Return customers drawn from the model, each with its history and whether it has left."""
    chance = np.random.default_rng(seed)
    rates = chance.gamma(parameters.r, 1 / parameters.alpha, customers)
    leaves = chance.beta(parameters.a, parameters.b, customers)
    ages = chance.uniform(100, 700, customers)
    found = []
    for rate, leave, age in zip(rates, leaves, ages, strict=True):
        frequency, last = 0, 0.0
        gone = chance.random() < leave  # after the first purchase, already
        while not gone:
            following = last + chance.exponential(1 / rate)
            if following > age:
                break
            frequency, last = frequency + 1, following
            gone = chance.random() < leave
        found.append((History(frequency, last, age), gone))
    return found


@pytest.fixture(scope="module")
def shop():
    return simulated(15_000)


def of(customers):
    return Counter(history for history, _ in customers)


def test_fit_finds_the_parameters_of_simulated_customers(shop):
    found = fit(PurchaseSample(of(shop))).parameters
    for name in Parameters.__struct_fields__:
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=0.12), name
    mean_leaving = found.a / (found.a + found.b)
    assert mean_leaving == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.04)


@pytest.mark.parametrize("purchases", [range(1), range(1, 2), range(2, 6), range(6, 999)])
def test_expected_active_customers_equal_simulated_ones(shop, purchases):
    some = [(history, gone) for history, gone in shop if history.frequency in purchases]
    expected = expected_active(TRUE, of(some))
    chances = [p_alive(TRUE, *history) for history, _ in some]
    deviation = sum(p * (1 - p) for p in chances) ** 0.5
    assert abs(sum(not gone for _, gone in some) - expected) < 3.5 * deviation


@pytest.mark.parametrize("history", [History(0, 0, 90), History(1, 3, 40), History(4, 200, 210)], ids=str)
def test_likelihood_equals_the_numeric_integral(history):
    x, recency, age = history
    rates, leaving = scipy.stats.gamma(TRUE.r, scale=1 / TRUE.alpha), scipy.stats.beta(TRUE.a, TRUE.b)

    def bought(days):
        return _integral(lambda rate: rate**x * np.exp(-rate * days) * rates.pdf(rate))

    stayed = bought(age) * _integral(lambda p: (1 - p) ** (x + 1) * leaving.pdf(p))
    left = bought(recency) * _integral(lambda p: p * (1 - p) ** x * leaving.pdf(p))
    assert log_likelihood(TRUE, {history: 1}) == pytest.approx(np.log(stayed + left), rel=1e-6)
    assert p_alive(TRUE, *history) == pytest.approx(stayed / (stayed + left), rel=1e-5)


def _integral(function):
    """Integrate over all probabilities; rates above 1 a day have no weight."""
    return scipy.integrate.quad(function, 0, 1, epsabs=0, epsrel=1e-8, limit=200)[0]


def test_gradient_equals_the_numeric_gradient(shop):
    likelihood = fit_module._Likelihood(of(shop[:300]))
    for logs in (np.log([0.9, 50.0, 1.2, 3.0]), np.log([3.0, 4.0, 0.1, 20.0])):
        value, gradient = likelihood.negative_mean(logs)
        assert np.isfinite(value)
        numeric = scipy.optimize.approx_fprime(logs, lambda at: likelihood.negative_mean(at)[0], 1e-7)
        assert gradient == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_orders_of_one_day_are_one_purchase():
    day = US_PER_DAY
    sample = summarise([[day + 5, day + 9, 4 * day, 10 * day + 1], [9 * day]], 12 * day + 7)
    assert sample.histories == {History(2, 9, 11): 1, History(0, 0, 3): 1}
    assert (sample.customers, sample.returning, sample.typical_gap_days) == (2, 1, 4.5)


def test_digest_does_not_depend_on_customer_order():
    customers = [[0, US_PER_DAY * 7], [0], [0, US_PER_DAY * 9]]
    hashes = {summarise(some, 99 * US_PER_DAY).digest() for some in (customers, customers[::-1])}
    assert len(hashes) == 1
    assert summarise(customers[1:], 99 * US_PER_DAY).digest() not in hashes


@pytest.mark.parametrize(
    ("histories", "message"),
    [
        ({}, "needs 50 customers who bought on two days or more, but there are 0 (of 0)"),
        ({History(0, 0, 90): 5000, History(2, 9, 90): 49}, "there are 49 (of 5,049)"),
        # All customers bought today, so no customer can have left.
        ({History(x, 10 * x, 10 * x): 100 for x in (1, 2, 3)}, "the model does not describe these customers"),
    ],
    ids=["no customers", "too few", "no silence"],
)
def test_sample_without_a_model_cannot_be_fitted(histories, message):
    with pytest.raises(CannotFit, match=re.escape(message)):
        fit(PurchaseSample(Counter(histories)))


@pytest.mark.slow
def test_documented_repurchase_shares_are_reproduced():
    """Fit a model to 1997, and count the CDNOW customers who bought in the following half year."""
    histories, definitions = PurchaseHistories(), Definitions()
    with gzip.open(ROOT / "tests" / "data" / "cdnow-orders.jsonl.gz") as lines:
        for line in lines:
            for customer, fact in facts_of(decode("orders", line), definitions):
                histories.add(customer, fact)
    end_of_year = to_us(datetime(1998, 1, 1, tzinfo=UTC)) - 1
    sample = summarise(histories.at(end_of_year, definitions), end_of_year)
    model = RiskModel(version="1997", parameters=fit(sample).parameters, typical_gap_days=30.0)
    groups = [[], [], [], [], []]
    for orders in histories.at(to_us(datetime(1998, 7, 1, tzinfo=UTC)), definitions):
        known = bisect(orders, end_of_year)
        risk = assess(orders[:known], end_of_year, Definitions(risk=model))
        groups[min(int(risk.p_alive * 5), 4)].append(known < len(orders))
    documented = re.findall(r"^\| .*0\.\d.* \| ([\d,]+) \| (\d+) % \|$", DOCUMENT, re.MULTILINE)
    assert documented == [(f"{len(group):,}", f"{sum(group) / len(group):.0%}"[:-1]) for group in groups]
