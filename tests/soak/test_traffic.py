"""The records of a soak: valid events of every type, and hostile records that are never events."""

import json
from itertools import islice

import pytest

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from tests.soak.faults.records import LARGE, VALUES
from tests.soak.traffic import rival, stream
from tests.support.cluster import INPUTS
from tests.support.deployment import expected_series
from tests.support.events import latest, topic_of

#: Values that the worker rejects after decoding.
LATER = {"a currency unknown", "a time to come"}


def decoded(event):
    return decode(topic_of(event), json.dumps(event).encode())


def test_stream_has_valid_events_of_every_type():
    events = list(islice(stream(7), 3000))
    for event in events:
        decoded(event)
    assert {event["type"] for event in events} == set(KINDS)


def test_equal_seeds_stream_equal_events():
    assert list(islice(stream(7), 200)) == list(islice(stream(7), 200))
    assert list(islice(stream(7), 200)) != list(islice(stream(8), 200))


def test_rival_of_an_order_changes_its_amount():
    order = next(event for event in stream(7) if event["type"] == "order.placed")
    both = [order, rival(order)]
    series = expected_series(both, latest(both))
    decoded(rival(order))
    assert series["retention_orders", frozenset({"window": "7d"}.items())] == 1
    assert rival(order)["amount"] == order["amount"] + 1


@pytest.mark.parametrize("name", sorted({*VALUES, *LARGE} - LATER))
def test_hostile_value_is_an_event_of_no_topic(name):
    for topic in INPUTS:
        with pytest.raises(EventError):
            decode(topic, (VALUES | LARGE)[name])
