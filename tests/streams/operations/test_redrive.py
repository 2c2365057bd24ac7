"""Dead letters before they are redriven; with a broker: tests/streams/cli/test_dead_letters.py."""

import json

import pytest

from streams.config.load import load
from streams.mapping import mappings
from streams.operations import redrive
from streams.operations.dead_letters import DeadLetter

EVENT = {
    "id": "e1",
    "type": "order.shipped",
    "time": "2026-01-02T03:04:05Z",
    "customer_id": "c",
    "order_id": "o",
}
PLACED = EVENT | {"type": "order.placed", "amount": 5, "currency": "XXX"}


def dead_letter(value=EVENT, topic="orders", key=b"k", offset=0):
    content = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return DeadLetter(
        reason="not_json",
        message="m",
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=0,
        key=key,
        value=content,
        headers=(),
    )


@pytest.fixture
def settings():
    """Settings in which no event is too old."""
    return load({"clock": "event"}, {})


@pytest.fixture
def error_of(settings):
    """Return a function that returns the reason of a dead letter's error; None if it is valid."""

    def error_of(one):
        error = redrive.error_of(one, settings, mappings.build(settings))
        return None if error is None else error.reason

    return error_of


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (EVENT, None),
        (b"{", "not_json"),
        (EVENT | {"type": "order.shiped"}, "unknown_type"),
        (EVENT | {"order_id": ""}, "invalid_field"),
        (EVENT | {"time": "2099-01-01T00:00:00Z"}, "future_time"),
        (PLACED, "unknown_currency"),
        (PLACED | {"currency": "USD"}, None),
    ],
)
def test_dead_letter_is_checked_as_by_a_worker(error_of, value, reason):
    assert error_of(dead_letter(value)) == reason


def test_old_event_is_checked_only_in_wall_mode(error_of):
    old = dead_letter(EVENT | {"time": "1999-01-01T00:00:00Z"})
    wall = load({"clock": "wall"}, {})
    assert redrive.error_of(old, wall, mappings.build(wall)).reason == "too_old"
    assert error_of(old) is None


async def test_dead_letters_are_grouped_by_error(settings):
    records = [dead_letter(), dead_letter(b"{", offset=1), dead_letter(b"{", offset=2)]
    checked = await redrive.check(settings, records)
    assert checked.valid == records[:1]
    [(error, invalid)] = checked.invalid.items()
    assert "not_json" in error
    assert invalid == records[1:]


def test_record_rejected_twice_is_sent_once():
    twice = [dead_letter(offset=1), dead_letter(offset=2)]
    assert redrive.without_duplicates(twice) == twice[1:]


@pytest.mark.parametrize(
    "other", [dead_letter(topic="tickets"), dead_letter(key=None), dead_letter(EVENT | {"id": "e2"})]
)
def test_records_that_differ_are_both_sent(other):
    assert redrive.without_duplicates([dead_letter(), other]) == [dead_letter(), other]
