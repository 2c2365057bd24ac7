"""The rows of a partition as a state store: loaded, restored, and taken for the changelog."""

import msgspec
import pytest

from models.facts.claims import Shipped
from models.facts.fact import Fact, encode_fact
from models.facts.fact_log import FactLog
from models.partition.metadata import METADATA_KEY, STATE_VERSION, PartitionMetadata, StateTooNew
from models.partition.store import PartitionStore


@pytest.fixture
def fact_log():
    return FactLog({})


@pytest.fixture
def store(fact_log):
    return PartitionStore(fact_log)


def append(fact_log, customer=b"ada", event="e1"):
    fact_log.append(((customer, event, encode_fact(Fact("o1", Shipped(1, event)))),))


def encoded(**fields):
    return msgspec.msgpack.encode(PartitionMetadata(**fields))


def test_appended_fact_is_a_change_until_it_is_taken(store, fact_log):
    assert not store.has_changes
    append(fact_log)
    assert store.has_changes
    assert store.take_changes() == {b"ada": fact_log.rows[b"ada"]}
    assert not store.has_changes
    assert store.take_changes() == {}


def test_deleted_row_is_taken_as_none(store, fact_log):
    append(fact_log)
    store.take_changes()
    fact_log.rewrite(b"ada", [])
    assert store.take_changes() == {b"ada": None}


def test_changed_clock_by_itself_is_no_change(store):
    store.metadata.now = 1
    assert not store.has_changes


def test_changed_clock_is_written_with_other_changes(store, fact_log):
    store.metadata.now = 1
    append(fact_log)
    assert store.take_changes()[METADATA_KEY] == encoded(now=1)
    assert fact_log.rows[METADATA_KEY] == encoded(now=1)
    append(fact_log, event="e2")
    assert METADATA_KEY not in store.take_changes()


def test_new_reprocess_id_is_a_change(store):
    store.metadata.reprocess_id = 7
    assert store.has_changes
    assert store.take_changes() == {METADATA_KEY: encoded(reprocess_id=7)}
    assert not store.has_changes


def test_loaded_rows_are_no_changes(store, fact_log):
    store.load(b"ada", b"row")
    store.load(METADATA_KEY, encoded(now=5))
    store.restore()
    assert not store.has_changes
    assert store.take_changes() == {}
    assert fact_log.rows[b"ada"] == b"row"


def test_loaded_tombstone_removes_the_row(store, fact_log):
    store.load(b"ada", b"row")
    store.load(b"ada", None)
    store.load(b"bob", None)
    assert fact_log.rows == {}


def test_metadata_is_restored_from_its_row(store):
    store.load(METADATA_KEY, encoded(now=5, stream_time=4, sequence=3))
    assert store.restore() == PartitionMetadata(now=5, stream_time=4, sequence=3)
    assert store.metadata.now == 5


def test_restore_without_metadata_writes_a_first_row(store):
    assert store.restore() == PartitionMetadata()
    assert store.take_changes() == {METADATA_KEY: encoded()}


def test_row_of_a_newer_release_is_refused(store, fact_log):
    newer = encoded(version=STATE_VERSION + 1)
    with pytest.raises(StateTooNew) as caught:
        store.load(METADATA_KEY, newer)
    assert caught.value.found == STATE_VERSION + 1
    assert METADATA_KEY not in fact_log.rows
    fact_log.rows[METADATA_KEY] = newer
    with pytest.raises(StateTooNew):
        store.restore()
