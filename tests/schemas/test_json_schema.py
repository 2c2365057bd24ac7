"""A standard validator accepts and rejects the same events by the schemas as the decoder does."""

import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from models.contract.decoding import EventError, decode
from models.contract.events import EVENT_TYPES, KINDS
from models.definitions.definitions import Definitions
from models.metrics.catalogue import compute
from models.partition.partition import Partition
from schemas import generate, json_schema
from streams.rollup.publisher import series_value
from streams.simulator import simulate
from tests.support.generated_files import outdated
from tests.support.strategies import DEFINITIONS, event_sets

ROOT = Path(__file__).parents[2]
#: A minimal and a full event of each type.
SAMPLES = [
    event
    for path in sorted((ROOT / "tests/data/golden/v1").glob("*.json"))
    if path.stem in EVENT_TYPES
    for event in json.loads(path.read_text(encoding="utf-8"))
]
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in json_schema.documents().items()}


def valid(event):
    return VALIDATORS[event["type"]].is_valid(event)


def decodes(event):
    try:
        decode(KINDS[event["type"]], json.dumps(event).encode())
    except EventError:
        return False
    return True


@pytest.fixture(scope="module")
def files():
    return generate.files()


def test_generated_files_are_current(files):
    assert outdated(files) == [], "run `make generate`"


def test_every_schema_file_has_its_type(files):
    directory = ROOT / "schemas/v1"
    assert set(directory.iterdir()) == {path for path in files if path.parent == directory}


@pytest.mark.parametrize("name", json_schema.TYPES)
def test_every_file_is_a_named_json_schema(name):
    schema = VALIDATORS[name].schema
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:retention:v1:{name}"
    assert schema["description"]


@pytest.mark.parametrize("name", json_schema.TYPES)
def test_description_has_no_trace_of_the_docstring(name):
    definitions = [VALIDATORS[name].schema, *VALIDATORS[name].schema.get("$defs", {}).values()]
    for schema in definitions:
        described = [schema.get("description", "")]
        described += [field.get("description", "") for field in schema.get("properties", {}).values()]
        assert not [text for text in described if "Attributes:" in text or "  " in text]


@pytest.mark.slow
@given(event_sets(DEFINITIONS, identities=True, largest=8))
@settings(max_examples=50)
def test_generated_events_are_valid(events):
    assert [event for event in events if not valid(event)] == []


@pytest.mark.slow
def test_events_of_the_simulated_shop_are_valid():
    events = simulate(3, datetime(2025, 5, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), 300)
    some = list(islice(events, 3_000))
    assert len({event["type"] for event in some}) > 15
    assert [event for event in some if not valid(event)] == []


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event["type"])
def test_samples_are_valid_and_each_required_field_is_required(event):
    assert valid(event)
    for field in event:
        rest = {name: value for name, value in event.items() if name != field}
        if field != "type":
            assert valid(rest) == decodes(rest), field
    assert not VALIDATORS[event["type"]].is_valid({**event, "type": "order.eaten"})
    assert valid(event | {"unknown": [None]})


#: What is at the edge of what one field or another allows.
VALUES = [
    *(None, True, False, [], {}, "", "x", "é" * 128, "é" * 129, "x" * 128, "x" * 129),
    *(-1, 0, 1, 5, 6, 7, 8, 10, 11, 10**13, 10**13 + 1, -0.5, 0.5, -1.5),
    *("low", "urgent", "URGENT", "customer", "agent", "bot", "solved", "on_hold", "nps", "ces", "csat"),
    *("USD", "EURO", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.5+0200", "2026-01-02t23:59:59z"),
    *("2026-01-02T03:04:05", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z", "2026-13-01T00:00:00Z"),
    *("2026-01-02T03:04:05+24:00", "2026-01-02T03:04Z", "2026-01-02", "26-01-02T03:04:05Z", 1767323045),
    *({"a": "b"}, {"": "b"}, {"a": None}, {"a": 1}, {"a" * 129: "b"}, {"a": "b" * 129}),
    *({str(n): "b" for n in range(count)} for count in (64, 65)),
    *([{"sku": "s", "quantity": 1, "amount": 1} | item] for item in ({}, {"sku": ""}, {"sku": None})),
    *([{"sku": "s", "quantity": 1, "amount": 1} | item] for item in ({"quantity": -1}, {"amount": 0.5})),
    *([{"sku": "s", "amount": 1}], [{"sku": "s", "quantity": 1.5, "amount": -(10**13), "note": 1}]),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event["type"])
def test_schema_and_decoder_reject_the_same(event):
    for field in VALIDATORS[event["type"]].schema["properties"]:
        if field == "type":
            continue
        for value in VALUES:
            changed = event | {field: value}
            if changed.get("into") == changed["customer_id"]:
                continue  # nothing in JSON Schema compares two fields
            assert valid(changed) == decodes(changed), (field, value)


@pytest.mark.slow
@given(st.data())
def test_schema_and_decoder_agree_on_any_field_value(data):
    event = data.draw(st.sampled_from(SAMPLES))
    fields = [name for name in VALIDATORS[event["type"]].schema["properties"] if name not in {"type", "into"}]
    # A float without a fraction is an integer to JSON Schema, and not to us.
    number = st.floats(-1e15, 1e15).filter(lambda value: not value.is_integer())
    leaf = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | number | st.text(max_size=5)
    value = st.recursive(
        leaf, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=4
    )
    changed = event | {data.draw(st.sampled_from(fields)): data.draw(value)}
    assert valid(changed) == decodes(changed)


@pytest.mark.parametrize(
    ("survey", "score"), [(survey, score) for survey in ("nps", "ces", "csat") for score in range(-1, 12)]
)
def test_scores_by_survey(survey, score):
    event = {**SAMPLES[0], "type": "survey.answered", "survey": survey, "score": score}
    assert valid(event) == decodes(event)


def test_published_metrics_are_valid():
    partition = Partition(Definitions(), {})
    samples = compute([partition.evaluate(0)], Definitions(), 0)
    rows = [json.loads(json.dumps(series_value(sample, 0))) for sample in samples]
    assert [row for row in rows if not VALIDATORS["retention.metric"].is_valid(row)] == []
    assert not VALIDATORS["retention.metric"].is_valid(rows[0] | {"value": "1"})
