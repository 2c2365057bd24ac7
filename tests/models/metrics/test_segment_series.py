"""Test the number of series by segment."""

import pytest
from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.definitions.sla_policy import SlaPolicy
from models.metrics.catalogue import compute
from models.metrics.segment_series import check_budget, series_of
from models.partition import standalone
from models.partition.partition import Partition
from tests.support.partitions import NOW

COUNTRY = Segment(name="country", field="country", values=("DE", "AT", "FR"))
REFERRED = Segment(name="referred", origin="referred")
GIFT = Segment(name="gift", of="order", field="gift", values=("yes",))
TEAM = Segment(name="team", origin="team", values=("billing",))


def test_number_is_values_times_windows_times_series():
    definitions = Definitions(segments=(COUNTRY,))
    assert series_of(COUNTRY, definitions) == 5 * 2 * 26
    assert series_of(Segment(name="c", origin="coupon", values=("a",)), definitions) == 3 * 2 * 7
    assert series_of(Segment(name="t", origin="team", values=("a",)), definitions) == 3 * 2 * 9


def test_budget_names_the_segment_that_exceeds_it():
    enough = 5 * 2 * 26 + 3 * 2 * 26
    check_budget(Definitions(segments=(REFERRED, COUNTRY), max_series=enough))
    message = "max_series: with the segment 'country', 416 series by segment would be exported"
    with pytest.raises(ValueError, match=message):
        check_budget(Definitions(segments=(REFERRED, COUNTRY), max_series=enough - 1))


def test_budget_is_the_number_of_exported_series():
    """Of segments of everything, in a shop that has everything: the values and the denominators."""
    tickets = {"sla_policies": {**Definitions().sla_policies, "high": SlaPolicy(next_response=3600)}}
    for further in ({}, tickets):
        definitions = Definitions(segments=(REFERRED, COUNTRY, GIFT, TEAM), max_series=10_000, **further)
        samples = compute([standalone.evaluate(Partition(definitions, {}), NOW)], definitions, NOW)
        of_segments = [one for one in samples if one.metric.startswith("retention_segment_")]
        denominators = [one for one in of_segments if one.metric.endswith("_ratio")]
        exported = len(of_segments) + len(denominators)
        assert exported == sum(series_of(one, definitions) for one in definitions.segments)
        check_budget(replace(definitions, max_series=exported))
        with pytest.raises(ValueError, match="max_series: with the segment 'team'"):
            check_budget(replace(definitions, max_series=exported - 1))
