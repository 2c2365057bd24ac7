"""Records that move the clock of the `event` mode far ahead are named."""

import json
from datetime import UTC, datetime

import pytest

from models.contract.decoding import to_us
from tests.support.routed_task import MINE, ORDERS, RoutedTask, order, record, someone


def jump_of(*times, event_clock=True):
    """Return the clock jump of orders at these times: offset, topic and length."""
    routed = RoutedTask(event_clock=event_clock)
    routed.route(*(order(f"o{n}", time=f"{time}T00:00:00Z") for n, time in enumerate(times)))
    jump = routed.partition.metadata.clock_jump
    return jump and (jump.offset, jump.topic, jump.after - jump.before)


DAY_US = 24 * 3600 * 10**6


def test_record_that_advances_the_clock_far_is_named(caplog):
    assert jump_of("2024-05-01", "2024-05-02", "2024-08-01") == (2, "orders", 91 * DAY_US)
    assert "offset 2 of orders-5 moved the clock by 91 days, from 2024-05-02" in caplog.text


def test_clock_jump_is_larger_than_30_days_and_not_first():
    assert jump_of("2024-05-01", "2024-05-31") is None
    assert jump_of("2024-05-01", "2024-06-01") == (1, "orders", 31 * DAY_US)
    assert jump_of("2024-08-01", "2024-05-31") is None
    assert jump_of("2024-05-01", "2024-08-01", event_clock=False) is None


def test_clock_jump_is_measured_from_the_groups_clock():
    routed = RoutedTask(event_clock=True)
    routed.partition.advance(to_us(datetime(2024, 7, 20, tzinfo=UTC)))
    routed.route(order("o1", time="2024-05-01T00:00:00Z"), order("o2", time="2024-08-01T00:00:00Z"))
    assert routed.partition.metadata.clock_jump is None
    routed.route(order("o3", time="2024-10-01T00:00:00Z"))
    assert routed.partition.metadata.clock_jump.before == to_us(datetime(2024, 8, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "changes",
    [{"type": "customer.erased"}, {"type": "customer.merged", "into": "bob"},
     {"type": "customer.contacted", "action_id": "a"}],
)  # fmt: skip
def test_event_of_a_customer_advances_no_clock(changes):
    routed = RoutedTask(event_clock=True)
    routed.route(order("o1"))
    event = {"id": "e", "time": "2026-05-01T10:00:00Z", "customer_id": someone(MINE)} | changes
    routed.router.route_events("customers", ORDERS, [record(json.dumps(event).encode())])
    assert routed.partition.stream_time == to_us(datetime(2024, 5, 1, 10, tzinfo=UTC))
    assert routed.partition.metadata.clock_jump is None
