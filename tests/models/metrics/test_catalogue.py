"""The catalogue of metrics, and the examples of the domain."""

import doctest
import math

import pytest

from models.contract import decoding
from models.definitions import definitions
from models.definitions.definitions import Definitions
from models.metrics import catalogue
from models.metrics.catalogue import CATALOGUE, compute
from models.risk import lateness


@pytest.mark.parametrize("module", [catalogue, decoding, definitions, lateness])
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module, extraglobs={"Definitions": Definitions})
    assert result.attempted
    assert not result.failed


def test_every_metric_has_samples_without_events():
    samples = compute([], Definitions(), 0)
    without_experiments = CATALOGUE.keys() - {"retention_experiment_rate_ratio"}
    assert {sample.metric for sample in samples} == without_experiments


def test_labels_of_samples_are_those_of_the_catalogue():
    for sample in compute([], Definitions(), 0):
        assert set(sample.labels) == set(CATALOGUE[sample.metric].labels)


def test_ratio_without_events_is_nan():
    rates = [sample for sample in compute([], Definitions(), 0) if sample.metric == "retention_rate_ratio"]
    assert all(math.isnan(rate.value) and rate.denominator == 0 for rate in rates)
