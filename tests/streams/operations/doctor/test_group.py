"""The doctor's findings from the latest tick of a group."""

import pytest

from models.metrics.segment_coverage import Uncovered
from models.partition.metadata import ClockJump
from streams.config.load import load
from streams.operations.doctor.group import _warnings
from streams.rollup.protocol import Tick

DAY_US = 86_400_000_000


JUMP = (
    "the record at offset 17 of orders-1 moved the clock by 40 days,"
    " from 1970-01-01T00:00:00Z to 1970-02-10T00:00:00Z"
)


@pytest.mark.parametrize(("clock", "named"), [("event", True), ("wall", False)])
def test_clock_jump_is_named_in_event_mode_only(clock, named):
    tick = Tick(1, 1, 0, 0, 0, clock_jump=ClockJump("orders", 1, 17, 0, 40 * DAY_US))
    found = list(_warnings(tick, load({"clock": clock}, {})))
    assert [(one.level, one.what) for one in found] == named * [("warn", JUMP)]
    assert all("start again with `retention reset`" in one.advice for one in found)


def test_tick_without_findings_yields_none():
    assert list(_warnings(Tick(1, 1, 0, 0, 0), load({"clock": "event"}, {}))) == []


@pytest.mark.parametrize(
    ("value", "what", "advice"),
    [
        ("unknown", "97 % of 1,000 customers a window ago (90d) are `unknown`", "--attributes-since"),
        ("other", "97 % of 1,000 customers a window ago (90d) are `other`", "`values` of the segment"),
    ],
)
def test_segment_of_unknown_or_other_values_is_a_warning(value, what, advice):
    tick = Tick(1, 1, 0, 0, 0, uncovered=[Uncovered("country", "customer", value, 970, 1000, "90d")])
    [found] = _warnings(tick, load({}, {}))
    assert (found.level, found.what) == ("warn", f"segment country: {what}")
    assert advice in found.advice
