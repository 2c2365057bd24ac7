"""Positions of a task in its sources."""

import pytest
from aiokafka import TopicPartition

from streams.worker.source_progress import SourceProgress

ORDERS, FACTS, TICKS = (TopicPartition(topic, 0) for topic in ("orders", "g-facts", "g-ticks"))
POSITIONS = {ORDERS: 3, FACTS: 5, TICKS: 8}


@pytest.fixture
def progress():
    progress = SourceProgress({"orders"}, FACTS)
    progress.start(POSITIONS, {ORDERS: 4, FACTS: 5}, POSITIONS)
    return progress


def test_sources_are_inputs_and_facts(progress):
    assert progress.inputs == [ORDERS]
    assert progress.sources == [ORDERS, FACTS]
    assert progress.facts_position == 5


def test_committed_positions_need_no_commit(progress):
    assert progress.uncommitted(progress.positions) == {}


def test_reprocessing_puts_the_offsets_of_inputs_back(progress):
    progress.start(POSITIONS, {}, POSITIONS | {ORDERS: 7})
    assert progress.uncommitted(progress.positions) == {ORDERS: 3}


def test_first_offsets_are_committed_though_nothing_is_read(progress):
    """Without a committed offset, the facts topic would later count as deleted."""
    progress.start(POSITIONS, {}, {})
    assert progress.uncommitted(progress.positions) == POSITIONS


def test_processed_records_are_uncommitted(progress):
    progress.advance(ORDERS, 4, 1)
    assert progress.uncommitted(progress.positions) == {ORDERS: 4}
    assert progress.uncommitted_records == 1


def test_inputs_are_read_once_committed_up_to_the_ends(progress):
    assert progress.in_history
    progress.advance(ORDERS, 4, 1)
    assert not progress.in_history
    assert not progress.inputs_read
    progress.committed = dict(progress.positions)
    assert progress.inputs_read


def test_record_that_waits_long_is_unread(progress, monkeypatch):
    progress.advance(ORDERS, 4, 1)
    progress.committed = dict(progress.positions)
    monkeypatch.setattr("streams.worker.source_progress.time.monotonic", lambda: 1000.0)
    progress.sample_lag({ORDERS: 9, FACTS: 5})
    assert progress.inputs_read
    monkeypatch.setattr("streams.worker.source_progress.time.monotonic", lambda: 2000.0)
    assert not progress.inputs_read
