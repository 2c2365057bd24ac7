"""The records of a soak: valid events of every type, and hostile records that are never events."""

import json
import tomllib
from itertools import islice

import pytest

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from streams.config.schema_registry import RegistryAccess
from streams.mapping.mappings import load
from streams.mapping.schema_registry import SchemaRegistry
from streams.secret import Secret
from tests.soak.faults.records import FRAMES, LARGE, VALUES
from tests.soak.traffic import FIRST_SCHEMA, HOSTILE_SCHEMAS, conflicting_duplicate, stream
from tests.support.avro_returns import MAPPING, SCHEMA
from tests.support.cluster import INPUTS
from tests.support.deployment import expected_series
from tests.support.events import latest, topic_of
from tests.support.registry_server import AUTH, RegistryServer

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
    both = [order, conflicting_duplicate(order)]
    series = expected_series(both, latest(both))
    decoded(conflicting_duplicate(order))
    assert series["retention_orders", frozenset({"window": "7d"}.items())] == 1
    assert conflicting_duplicate(order)["amount"] == order["amount"] + 1


@pytest.mark.parametrize("name", sorted({*VALUES, *LARGE} - LATER))
def test_hostile_value_is_an_event_of_no_topic(name):
    for topic in INPUTS:
        with pytest.raises(EventError):
            decode(topic, (VALUES | LARGE)[name])


@pytest.fixture
async def returns():
    """Return the reader of the topic of returns."""
    async with RegistryServer() as server:
        server.schemas |= HOSTILE_SCHEMAS | {FIRST_SCHEMA: {"schema": json.dumps(SCHEMA)}}
        registry = SchemaRegistry(RegistryAccess(url=server.url, auth=Secret(AUTH)))
        reader = load(tomllib.loads(MAPPING), registry=registry).reader("returns")
        await reader.prepare(FRAMES.values())
        yield reader


@pytest.mark.parametrize("name", FRAMES)
def test_hostile_frame_is_no_return(returns, name):
    mapped = returns.map_record(FRAMES[name])
    assert mapped.errors
    assert not mapped.events
