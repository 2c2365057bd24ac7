"""The AsyncAPI document, by AsyncAPI's own schema (tests/data/asyncapi)."""

import gzip
import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from schemas import json_schema
from streams.kafka.topics import INPUTS, required
from streams.rollup.publisher import Publisher

ROOT = Path(__file__).parents[2]


@cache
def document():
    return yaml.safe_load((ROOT / "schemas/asyncapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def official():
    """The published schema of AsyncAPI 3.0.0."""
    content = gzip.decompress((ROOT / "tests/data/asyncapi/3.0.0.json.gz").read_bytes())
    return Draft7Validator(json.loads(content))


def test_document_is_valid_by_the_asyncapi_schema(official):
    assert [error.message for error in official.iter_errors(document())] == []


@pytest.mark.parametrize(
    "broken",
    [
        {"asyncapi": "3"},
        {"operations": {"x": {"action": "publish", "channel": {"$ref": "#/channels/orders"}}}},
        {"channels": {"orders": {"address": 1}}},
    ],
)
def test_invalid_document_is_rejected(official, broken):
    assert not official.is_valid(document() | broken)


def references(part):
    if isinstance(part, dict):
        if isinstance(target := part.get("$ref"), str):
            yield target
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_reference_resolves():
    resolver = Registry().with_resource("", Resource.opaque(document())).resolver()
    for target in set(references(document())):
        assert resolver.lookup(target).contents


def test_every_public_topic_is_a_channel():
    own = {topic.name for topic in required("g", 1, periods=True) if not topic.name.startswith("g-")}
    assert {channel["address"] for channel in document()["channels"].values()} == own
    cleanup = {topic.name: topic.config.get("cleanup.policy") for topic in required("g", 1, periods=True)}
    for channel in document()["channels"].values():
        cleanup_policy = (
            channel.get("bindings", {}).get("kafka", {}).get("topicConfiguration", {}).get("cleanup.policy")
        )
        assert cleanup_policy == (None if channel["address"] in INPUTS else [cleanup[channel["address"]]])


def test_every_type_is_a_message_of_its_topic():
    by_topic = {topic: set(channel["messages"]) for topic, channel in document()["channels"].items()}
    for name, kind in KINDS.items():
        assert name in by_topic[kind]
    for topic in set(by_topic) - set(INPUTS):
        assert len(by_topic[topic]) == 1
    assert set(document()["components"]["messages"]) == json_schema.TYPES.keys() | {"dead-letter"}


def test_headers_of_a_published_series_are_described():
    publisher = Publisher(Definitions(), "shop")
    headers = {name for change in publisher.changes() for name, _ in change.headers}
    described = document()["components"]["messages"]["retention.metric"]["headers"]["properties"]
    assert headers == set(described) == {"retention.group"}


def test_schemas_equal_the_committed_files():
    for name, schema in json_schema.documents().items():
        part = document()["components"]["schemas"][name]
        Draft202012Validator.check_schema(part)
        single = {key: value for key, value in schema.items() if key not in {"$schema", "$id", "$defs"}}
        assert json.dumps(part).replace("#/components/schemas/", "#/$defs/") == json.dumps(single)
