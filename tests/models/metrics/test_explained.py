"""Which definitions are behind the ratios whose changes can be explained."""

import pytest
from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.metrics.explained import EXPLAINED, hash_behind

SHOP = Definitions()


def changed_by(**changes):
    """Return the metrics of which a published value is not compared after these changes."""
    other = replace(SHOP, **changes)
    return {metric for metric in EXPLAINED if hash_behind(metric, SHOP) != hash_behind(metric, other)}


@pytest.mark.parametrize(
    ("changes", "metrics"),
    [
        ({"sla": SHOP.sla | {"high": (60, 60)}}, {"retention_sla_breach_ratio"}),
        ({"tiers": {"silver": 1.0, "gold": 2.0, "vip": 3.0}}, {"retention_sla_breach_ratio"}),
        ({"rates": {"USD": 1.0, "EUR": 1.1}}, {"retention_sla_breach_ratio", "retention_refund_ratio"}),
        ({"horizon_days": 900}, {*EXPLAINED}),
    ],
)
def test_published_value_by_other_definitions_is_not_compared(changes, metrics):
    assert changed_by(**changes) == metrics


def test_other_windows_and_segments_change_no_ratio():
    segments = (Segment(name="country", field="country", values=("DE",)),)
    assert (
        changed_by(windows=("30d", "90d"), segments=segments, channels=("web",), teams=("billing",)) == set()
    )
