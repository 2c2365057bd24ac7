"""Identities that join implausibly many other identities are named, masked."""

import json

import pytest

from streams.backfill.events import event_time
from streams.backfill.merges import MergeObserver
from streams.mapping.identity_joins import MOST_PLAUSIBLE, IdentityJoins, described, masked


def joined(count, identity="email:info@shop.example"):
    joins = IdentityJoins()
    for number in range(count):
        joins.add(identity, f"c{number}")
    return joins


def test_identity_of_more_than_ten_others_is_named():
    assert joined(MOST_PLAUSIBLE).implausible() == []
    [found] = joined(MOST_PLAUSIBLE + 1).implausible()
    assert (found.identity, found.others) == ("email:in…@shop.example", 11)
    assert "joins 11 identities as one customer, for good" in described(found)


def test_same_merge_counts_once():
    joins = joined(MOST_PLAUSIBLE)
    joins.add("c0", "email:info@shop.example")
    assert joins.implausible() == []


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("email:ann@shop.example", "email:an…@shop.example"),
        ("1234567", "12…"),
        ("a:b:phone:+49170123", "a:b:phone:+4…"),
        ("", "…"),
    ],
)
def test_identity_is_masked(identity, expected):
    assert masked(identity) == expected


def test_merges_among_events_are_observed():
    merges = MergeObserver()
    time_of = merges.observing(event_time)
    time = "2026-01-01T00:00:00Z"
    for number in range(MOST_PLAUSIBLE + 1):
        merge = {
            "type": "customer.merged",
            "id": f"m{number}",
            "time": time,
            "customer_id": f"c{number}",
            "into": "x1",
        }
        assert time_of(json.dumps(merge).encode()) == 1767225600000000
    assert time_of(b'{"type": "customer.merged"') is None
    assert [one.identity for one in merges.joins.implausible()] == ["x1…"]
