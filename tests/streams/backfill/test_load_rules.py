"""Test the events that a load leaves out, and those whose time it replaces."""

import json
from datetime import UTC, datetime

import pytest

from models.contract.events import EVENT_TYPES
from streams.backfill.load_rules import LoadRules

HORIZON = 1_700_000_000_000_000
MAY = datetime(2026, 5, 1, tzinfo=UTC)


def updated(time: str, kind: str = "customer.updated") -> bytes:
    event = {"id": "1", "type": kind, "time": time, "customer_id": "ann", "attributes": {"country": "DE"}}
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    ("name", "keep", "left_out"),
    [
        ("order.cancelled", True, True),
        ("order.placed", True, False),
        ("order.placed", False, True),
        ("customer.updated", True, False),
        ("customer.merged", True, False),
    ],
)
def test_event_of_which_nothing_is_kept_is_left_out(name, keep, left_out):
    rules = LoadRules(HORIZON, keep)
    assert rules.leaves_out(EVENT_TYPES[name], HORIZON - 1) is left_out
    assert not rules.leaves_out(EVENT_TYPES[name], HORIZON)


def test_placeholder_before_1990_is_left_out():
    assert LoadRules(HORIZON).leaves_out(EVENT_TYPES["order.placed"], 0)
    assert not LoadRules().leaves_out(EVENT_TYPES["order.placed"], 0)


def test_attributes_get_the_time_of_the_snapshot():
    sent = json.loads(LoadRules(attributes_since=MAY).stamped(updated("2026-06-01T00:00:00+02:00")))
    assert sent["time"] == "2026-05-01T00:00:00Z"
    assert sent["attributes"] == {"country": "DE"}


@pytest.mark.parametrize(
    "content",
    [
        updated("2026-05-01T01:00:00+02:00"),
        updated("2026-06-01T00:00:00Z", "order.placed"),
        updated("yesterday"),
        b'{"type":"customer.updated"}',
    ],
    ids=["earlier", "order", "invalid time", "no time"],
)
def test_any_other_event_is_sent_as_it_is(content):
    assert LoadRules(attributes_since=MAY).stamped(content) == content
    assert LoadRules().stamped(updated("2026-06-01T00:00:00Z")) == updated("2026-06-01T00:00:00Z")
