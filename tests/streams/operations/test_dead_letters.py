"""The JSON form of dead letters, and the check before they are redriven."""

import json

import pytest

from streams.config import load
from streams.mapping import mappings
from streams.operations.dead_letter_json import of_json, to_json
from streams.operations.dead_letters import DeadLetter
from streams.operations.redrive import error_of

VALUES = [
    None,
    b"",
    b"text",
    b"\xff\x00",
    b'{"a": [1, {"b": null}]}',
    b'{"base64": "AA=="}',
    b"[1]",
    b"null",
    b'"a"',
    b"[",
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", [None, b"", b"k", b"\xff"])
def test_any_bytes_survive_the_json_form(value, key):
    before = DeadLetter(
        reason="not_json",
        message="m",
        topic="orders",
        partition=1,
        offset=2,
        timestamp=3,
        key=key,
        value=value,
        headers=(("a", b"\xff"), ("b", b""), ("null", None)),
    )
    after = of_json(json.dumps(to_json(before)).encode(), load.load({}, {}))
    if value and value.startswith(b'{"a"'):
        assert json.loads(after.value) == json.loads(before.value)
    else:
        assert after == before


@pytest.mark.parametrize(
    ("headers", "rejected"), [((("ce_id", b"e1"), ("ce_specversion", b"1.0")), False), ((), True)]
)
def test_headers_are_part_of_a_cloud_event(headers, rejected):
    event = {"type": "order.shipped", "time": "2026-01-02T03:04:05Z", "customer_id": "c", "order_id": "o"}
    dead_letter = DeadLetter(
        reason="unknown_currency",
        message="m",
        topic="orders",
        partition=1,
        offset=2,
        timestamp=3,
        key=None,
        value=json.dumps(event).encode(),
        headers=headers,
    )
    settings = load.load({"clock": "event"}, {})
    assert (error_of(dead_letter, settings, mappings.build(settings)) is not None) == rejected


MAPPED = """
[[inputs]]
pattern = "shop-.*"
mapping = "m"
[mappings.m]
customer_id = "who"
[[mappings.m.events]]
type = "order.shipped"
order_id = "id"
time = { path = "_timestamp", time = "ms" }
"""


@pytest.mark.parametrize(
    ("value", "message"),
    [(b'{"id": 1, "who": 2}', None), (b'{"who": 2}', "`order_id` from `id` (nothing)"), (b"{", "not_json")],
)
def test_dead_letter_of_mapped_topic_is_checked_by_mapping(tmp_path, value, message):
    config = tmp_path / "retention.toml"
    config.write_text(MAPPED)
    found = load.load({"clock": "event", "config": config}, {})
    line = {"topic": "shop-eu", "value": value.decode(), "timestamp": 1714557600123}
    error = error_of(of_json(json.dumps(line).encode(), found), found, mappings.build(found))
    assert error is None if message is None else message in str(error)
    with pytest.raises(ValueError, match="'orders', not one of"):
        of_json(json.dumps(line | {"topic": "orders"}).encode(), found)
