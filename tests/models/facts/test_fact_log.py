"""The fact logs of customers, by hand."""

import pytest

from models.facts.claims import Shared
from models.facts.fact import Fact, encode_fact
from models.facts.fact_log import FactLog


def entry(event_id, customer=b"ada", time=1):
    return customer, event_id, encode_fact(Fact("", Shared(time, event_id)))


def test_duplicate_event_of_a_customer_is_skipped():
    log = FactLog({})
    assert log.append([entry("a"), entry("b"), entry("a")]) == (1, [])
    assert log.append([entry("b"), entry("a", customer=b"bob")]) == (1, [])
    assert [fact.claim for fact in log.read(b"ada")] == [Shared(1, "a"), Shared(1, "b")]
    assert [fact.claim for fact in log.read(b"bob")] == [Shared(1, "a")]


def test_duplicate_is_found_beyond_the_first_page():
    log = FactLog({})
    entries = [entry(f"a long event id number {number}") for number in range(2000)]
    assert log.append(entries) == (0, [])
    assert len(log.rows) > 1
    assert log.append([entries[0], entries[-1], entry("new")]) == (2, [])
    assert len(log.read(b"ada")) == 2001


@pytest.mark.parametrize("others", [0, 2000])
def test_other_content_of_a_known_event_is_returned(others):
    log = FactLog({})
    log.append([entry("a"), *(entry(f"a long event id number {number}") for number in range(others))])
    changed = entry("a", time=2)
    assert log.append([changed, entry("a")]) == (1, [changed])
    assert len(log.read(b"ada")) == others + 1


def test_changes_are_taken_once_and_name_deleted_rows():
    log = FactLog({})
    log.append([entry("a")])
    assert log.take_changes() == {b"ada": log.rows[b"ada"]}
    assert log.take_changes() == {}
    log.rewrite(b"ada", [])
    assert log.take_changes() == {b"ada": None}


def test_output_state_is_kept_beside_the_facts():
    log = FactLog({})
    log.append([entry("a")])
    log.put_output_state(b"ada", b"state")
    log.append([entry("b")])
    assert (log.output_state(b"ada"), len(log.read(b"ada"))) == (b"state", 2)
