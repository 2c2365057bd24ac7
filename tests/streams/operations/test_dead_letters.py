"""The form in which dead letters are listed, edited and read again; whether they would be refused again."""

import json

import pytest

from streams.config import load
from streams.operations.dead_letters import DeadLetter, of_json, refusal, to_json

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
def test_any_bytes_survive_the_listed_form(value, key):
    before = DeadLetter(
        reason="not_json",
        message="m",
        topic="orders",
        partition=1,
        offset=2,
        timestamp=3,
        key=key,
        value=value,
        headers=(("a", b"\xff"), ("b", b"")),
    )
    after = of_json(json.dumps(to_json(before)).encode(), load.load({}, {}))
    if value and value.startswith(b'{"a"'):
        assert json.loads(after.value) == json.loads(before.value)
    else:
        assert after == before


@pytest.mark.parametrize(
    ("named", "refused"), [((("ce_id", b"e1"), ("ce_specversion", b"1.0")), False), ((), True)]
)
def test_what_its_headers_say_is_part_of_a_cloud_event(named, refused):
    event = {"type": "order.shipped", "time": "2026-01-02T03:04:05Z", "customer_id": "c", "order_id": "o"}
    letter = DeadLetter(
        reason="unknown_currency",
        message="m",
        topic="orders",
        partition=1,
        offset=2,
        timestamp=3,
        key=None,
        value=json.dumps(event).encode(),
        headers=named,
    )
    assert (refusal(letter, load.load({"clock": "event"}, {})) is not None) == refused


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
    ("value", "says"),
    [(b'{"id": 1, "who": 2}', None), (b'{"who": 2}', "`order_id` from `id` (nothing)"), (b"{", "not_json")],
)
def test_a_mapped_topics_letter_is_checked_by_its_mapping(tmp_path, value, says):
    config = tmp_path / "retention.toml"
    config.write_text(MAPPED)
    found = load.load({"clock": "event", "config": config}, {})
    line = {"topic": "shop-eu", "value": value.decode(), "timestamp": 1714557600123}
    error = refusal(of_json(json.dumps(line).encode(), found), found)
    assert error is None if says is None else says in str(error)
    with pytest.raises(ValueError, match="'orders', not one of"):
        of_json(json.dumps(line | {"topic": "orders"}).encode(), found)
