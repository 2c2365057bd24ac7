"""The catalogue of metrics, and the examples of the domain."""

import doctest
import math

import pytest

from models.contract import decoding
from models.definitions import definitions
from models.definitions.definitions import Definitions
from models.definitions.further_metrics import FURTHER_METRICS
from models.definitions.periods import PeriodDefinitions
from models.definitions.segments import Segment
from models.definitions.sla_policy import SlaPolicy
from models.metrics import catalogue, ticket_clocks
from models.metrics.catalogue import CATALOGUE, compute
from models.metrics.periods import CHANGES
from models.risk import lateness
from tests.support.partitions import NOW
from tests.support.schedules import weekdays

#: Every optional metric but those of cohorts.
EVERYTHING = Definitions(
    further_metrics=FURTHER_METRICS,
    periods=PeriodDefinitions(kinds=("month",)),
    schedules={"support": weekdays()},
    segments=(Segment(name="referred", origin="referred"),),
    teams=("billing",),
    sla_policies=Definitions().sla_policies | {"high": SlaPolicy(schedule="support", next_response=60)},
)


@pytest.mark.parametrize("module", [catalogue, decoding, definitions, lateness])
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module, extraglobs={"Definitions": Definitions})
    assert result.attempted
    assert not result.failed


def test_every_metric_has_samples_without_events():
    samples = compute([], EVERYTHING, NOW)
    not_configured = {"retention_experiment_rate_ratio", CHANGES}
    not_configured |= {name for name in CATALOGUE if name.startswith("retention_cohort_")}
    assert {sample.metric for sample in samples} == CATALOGUE.keys() - not_configured


def test_small_shop_has_no_samples_of_opening_hours():
    assert not {sample.metric for sample in compute([], Definitions(), 0)} & ticket_clocks.CATALOGUE.keys()


@pytest.mark.parametrize("definitions", [Definitions(), EVERYTHING], ids=["default", "everything"])
def test_labels_of_samples_are_those_of_the_catalogue(definitions):
    for sample in compute([], definitions, NOW):
        assert set(sample.labels) == set(CATALOGUE[sample.metric].labels)


def test_ratio_without_events_is_nan():
    rates = [sample for sample in compute([], Definitions(), 0) if sample.metric == "retention_rate_ratio"]
    assert all(math.isnan(rate.value) and rate.denominator == 0 for rate in rates)
