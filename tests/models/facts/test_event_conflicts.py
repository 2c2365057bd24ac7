"""Conflicting duplicates among the events of a file."""

import json

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.event_conflicts import EventConflicts


def event(kind="order.placed", event_id="e", **changes):
    fields = {"id": event_id, "type": kind, "time": "2026-03-05T10:00:00Z", "customer_id": "ada"}
    order = {"order_id": "o", "amount": 100, "currency": "USD"} if kind == "order.placed" else {}
    return decode(KINDS[kind], json.dumps(fields | order | changes).encode())


def found(*events):
    conflicts = EventConflicts(Definitions())
    for each in events:
        conflicts.add(each)
    return dict(conflicts.found.counts), dict(conflicts.found.examples)


def test_each_further_content_of_an_id_conflicts_once():
    contents = [event(amount=amount) for amount in (100, 200, 300, 200, 100)]
    assert found(*contents) == ({"orders": 2}, {"orders": "e"})


def test_equal_events_do_not_conflict():
    assert found(event(), event(time="2026-03-05T11:00:00+01:00"), event(coupon=None)) == ({}, {})


def test_events_of_other_customers_or_ids_do_not_conflict():
    assert found(event(), event(amount=5, customer_id="bob"), event(amount=5, event_id="f")) == ({}, {})


def test_merges_do_not_conflict():
    merges = [event("customer.merged", into=into) for into in ("bob", "cleo")]
    assert found(*merges, event("customer.erased")) == ({}, {})
