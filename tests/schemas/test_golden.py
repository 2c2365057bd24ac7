"""Events of every version ever released, which must be read for ever as they were meant.

A sample may be added to `tests/data/golden`, where a field is; none may be changed or removed.
"""

import json
from pathlib import Path

import msgspec
import pytest
from aiokafka import ConsumerRecord
from jsonschema import Draft202012Validator

from models.contract.decoding import decode
from models.contract.events import EVENT_TYPES, KINDS
from models.contract.messages import MESSAGE_TYPES
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from schemas import json_schema
from streams.kafka.cloudevents import unwrap

GOLDEN = Path(__file__).parents[1] / "data/golden"
CLOUD_EVENTS = sorted(GOLDEN.glob("v*/cloudevents/*.json"))
FILES = sorted(GOLDEN.glob("v*/*.json"))
DOCUMENTS = json_schema.documents()
SAMPLES = [
    pytest.param(path.stem, sample, id=f"{path.parent.name}-{path.stem}-{number}")
    for path in FILES
    for number, sample in enumerate(json.loads(path.read_text(encoding="utf-8")))
]


def test_every_type_of_the_present_version_has_a_sample():
    present = {path.stem for path in FILES if path.parent.name == f"v{json_schema.VERSION}"}
    assert present == json_schema.TYPES.keys()


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_sample_is_decoded_with_every_field(name, sample):
    value = json.dumps(sample).encode()
    if name in EVENT_TYPES:
        decoded = decode(KINDS[name], value)
        facts_of(decoded, Definitions())
    else:
        decoded = msgspec.json.decode(value, type=MESSAGE_TYPES[name])
    again = msgspec.json.decode(msgspec.json.encode(decoded))
    assert {field: again[field] for field in sample} == sample


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_sample_is_valid_by_the_present_schema(name, sample):
    Draft202012Validator(DOCUMENTS[name]).validate(sample)


@pytest.mark.parametrize("path", CLOUD_EVENTS, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_sample_of_a_cloud_event_is_decoded(path):
    sample = json.loads(path.read_text(encoding="utf-8"))
    headers = tuple((name, text.encode()) for name, text in sample["headers"].items())
    value = json.dumps(sample["value"]).encode()
    record = ConsumerRecord(sample["topic"], 0, 0, 0, 0, None, value, None, 0, 0, headers)
    meant = decode(KINDS[sample["event"]["type"]], json.dumps(sample["event"]).encode())
    assert decode(sample["topic"], unwrap(record)) == meant
