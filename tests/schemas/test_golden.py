"""Events of every version ever released, which must be read for ever as they were meant.

A file may be added to `tests/data/golden`; none may be changed or removed.
"""

import json
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from models.definitions import Definitions
from models.events import EVENT_TYPES, KINDS, decode
from models.facts import facts_of
from models.messages import MESSAGE_TYPES
from schemas import json_schema

GOLDEN = Path(__file__).parents[1] / "data/golden"
FILES = sorted(GOLDEN.glob("v*/*.json"))
DOCUMENTS = json_schema.documents()
SAMPLES = [
    pytest.param(path.stem, sample, id=f"{path.parent.name}-{path.stem}-{number}")
    for path in FILES
    for number, sample in enumerate(json.loads(path.read_text(encoding="utf-8")))
]


def test_every_type_of_the_present_version_has_one():
    present = {path.stem for path in FILES if path.parent.name == f"v{json_schema.VERSION}"}
    assert present == json_schema.TYPES.keys()


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_it_is_read_as_it_was_meant(name, sample):
    value = json.dumps(sample).encode()
    if name in EVENT_TYPES:
        decoded = decode(KINDS[name], value)
        facts_of(decoded, Definitions())
    else:
        decoded = msgspec.json.decode(value, type=MESSAGE_TYPES[name])
    again = msgspec.json.decode(msgspec.json.encode(decoded))
    assert {field: again[field] for field in sample} == sample


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_it_is_valid_by_the_present_schema(name, sample):
    Draft202012Validator(DOCUMENTS[name]).validate(sample)
