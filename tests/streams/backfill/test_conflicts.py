"""Conflicting duplicates of a load."""

import json

from models.definitions.definitions import Definitions
from streams.backfill.conflicts import SentEvents
from streams.backfill.order import Timed


def line(event_id, amount, **changes):
    event = {"id": event_id, "type": "order.placed", "time": "2026-03-05T10:00:00Z", "customer_id": "ada"}
    return json.dumps(event | {"order_id": "o", "amount": amount, "currency": "USD"} | changes).encode()


def conflicts(*contents):
    sent = SentEvents()
    for content in contents:
        event = json.loads(content)
        sent.add(event["customer_id"], event["id"], content)
    events = [Timed(0, 0, number, 0, content) for number, content in enumerate(contents)]
    found = sent.conflicts(events, Definitions())
    return dict(found.counts), dict(found.examples)


def test_ids_with_several_contents_are_counted_with_an_example():
    contents = [line("a", 1), line("b", 1), line("a", 2), line("a", 3), line("a", 2)]
    assert conflicts(*contents) == ({"orders": 2}, {"orders": "a"})


def test_equal_events_in_other_bytes_do_not_conflict():
    assert conflicts(line("a", 1), line("a", 1, unknown=1), line("a", 1)) == ({}, {})


def test_invalid_events_do_not_conflict():
    assert conflicts(line("a", 1), line("a", "x"), line("a", 1, type="unknown")) == ({}, {})
    assert conflicts() == ({}, {})


def test_events_are_not_read_again_without_a_suspect():
    sent = SentEvents()
    sent.add("ada", "a", b"1")
    sent.add("ada", "a", b"1")
    sent.add("bob", "a", b"2")
    assert not sent.conflicts(iter(lambda: 1 / 0, None), Definitions()).counts
