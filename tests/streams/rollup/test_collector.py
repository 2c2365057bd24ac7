"""Partial aggregates become metrics once a round is complete."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from models.partition.metadata import ClockJump
from models.partition.partition import Partition
from streams.rollup.collector import RollupCollector
from streams.rollup.protocol import PartialResult, schema_hash

NOW = 1_700_000_000_000_000
SCHEMA = schema_hash(Definitions())
PARTIAL = Partition(Definitions(), {}).evaluate(NOW)


def result(task, tick, **changes):
    """Return the result of a task that has read everything."""
    plain = PartialResult(
        task=task,
        number=tick.number,
        generation=tick.generation,
        now=tick.now,
        stream_time=tick.now,
        inputs_read=True,
        settlement_round=tick.settlement_round,
        reprocess_id=tick.reprocess_id,
        partial=PARTIAL,
        schema_hash=SCHEMA,
    )
    return msgspec.structs.replace(plain, **changes)


def settle(collector, now=NOW, **changes):
    """Run a round with a result of every task. Return whether it is caught up."""
    tick = collector.start_round(now)
    for task in range(collector.task_count):
        results = collector.add(result(task, tick, **changes))
    return collector.caught_up(results)


@pytest.fixture
def collector():
    return RollupCollector(task_count=3, generation=7, now=0, schema_hash=SCHEMA)


def test_round_is_complete_with_a_result_of_each_task(collector):
    tick = collector.start_round(NOW)
    assert collector.add(result(0, tick)) is None
    assert collector.add(result(2, tick)) is None
    results = collector.add(result(1, tick))
    assert sorted(a.task for a in results) == [0, 1, 2]


def test_repeated_result_completes_no_round(collector):
    tick = collector.start_round(NOW)
    for _ in range(3):
        assert collector.add(result(0, tick)) is None
    assert collector.pending


def test_result_of_another_generation_is_ignored(collector):
    """A zombie owned the task before, and has not noticed its revocation."""
    tick = collector.start_round(NOW)
    collector.add(result(0, tick))
    collector.add(result(1, tick))
    for generation in (6, 8):
        assert collector.add(result(2, tick, generation=generation)) is None
    assert collector.add(result(2, tick)) is not None


def test_result_of_a_zombie_changes_no_state(collector):
    tick = collector.start_round(NOW)
    collector.add(result(0, tick, generation=6, now=NOW + 5, stream_time=NOW + 5, reprocess_id=9))
    assert (collector.now, collector.stream_time, collector.reprocess_id) == (NOW, 0, 0)


def test_late_result_is_ignored(collector):
    first = collector.start_round(NOW)
    collector.add(result(0, first))
    second = collector.start_round(NOW)
    assert collector.add(result(0, second)) is None
    assert collector.add(result(1, first)) is None
    assert collector.add(result(2, first)) is None
    assert collector.add(result(1, second)) is None
    assert collector.add(result(2, second)) is not None


def test_task_that_builds_its_aggregates_completes_a_round(collector):
    """It does not advance its clock. Without its result, the round would stay pending until its timeout."""
    tick = collector.start_round(NOW)
    collector.add(result(0, tick))
    collector.add(result(1, tick, now=NOW - 5, partial=None))
    results = collector.add(result(2, tick))
    assert len(results) == 3
    assert not collector.pending
    assert not collector.caught_up(results)
    assert not settle(collector, partial=None), "although everything is read"
    assert settle(collector)


def test_later_clock_of_a_task_starts_another_round(collector):
    """A task's clock may be ahead: the next round is at its instant."""
    tick = collector.start_round(NOW)
    collector.add(result(0, tick))
    assert collector.add(result(1, tick, now=NOW + 10)) is None
    assert collector.add(result(2, tick)) is None
    again = collector.start_round(NOW)
    assert again.now == NOW + 10
    assert [collector.add(result(task, again)) is None for task in range(3)] == [True, True, False]


@given(st.lists(st.integers(0, 2 * NOW), min_size=1))
def test_now_never_goes_back(instants):
    collector = RollupCollector(task_count=1, generation=1, now=NOW, schema_hash=SCHEMA)
    seen = [NOW] + [collector.start_round(instant).now for instant in instants]
    assert seen == sorted(seen)
    assert seen[-1] == max(NOW, *instants)


def test_stream_time_is_the_latest_of_all_tasks(collector):
    tick = collector.start_round(NOW)
    collector.add(result(0, tick, stream_time=NOW + 3))
    collector.add(result(1, tick, stream_time=NOW + 1))
    assert collector.stream_time == NOW + 3


def test_round_is_pending_until_all_results_are_there(collector):
    assert not collector.pending
    tick = collector.start_round(NOW)
    for task in range(3):
        assert collector.pending
        collector.add(result(task, tick))
    assert not collector.pending


def test_caught_up_needs_a_settlement_round(collector):
    """When all inputs are read, forwarded facts may be unread: a settlement round covers these."""
    assert not settle(collector), "the settlement round has only started"
    assert not settle(collector, settlement_round=0), "its facts are unread"
    assert settle(collector)


def test_unread_input_is_not_caught_up(collector):
    settle(collector)
    assert settle(collector)
    tick = collector.start_round(NOW)
    for task in range(3):
        results = collector.add(result(task, tick, inputs_read=task != 1))
    assert not collector.caught_up(results)


def test_each_catch_up_has_its_own_settlement_round(collector):
    settle(collector)
    first = collector.settlement_round
    settle(collector)
    assert collector.settlement_round == first, "no round starts while everything stays read"
    settle(collector, inputs_read=False)
    assert not settle(collector), "facts forwarded meanwhile may be unread"
    assert collector.settlement_round > first
    assert settle(collector)


def test_settlement_rounds_rise_with_the_generation():
    before, after = RollupCollector(1, 7, 0, SCHEMA), RollupCollector(1, 8, 0, SCHEMA)
    for _ in range(1000):
        settle(before, inputs_read=False)
        settle(before)
    settle(after)
    assert after.settlement_round > before.settlement_round


def test_pending_reprocessing_is_not_caught_up(collector):
    """Until all tasks have read their inputs again, facts of the lost state are missing."""
    settle(collector)
    assert settle(collector)
    tick = collector.start_round(NOW)
    for task in range(3):
        results = collector.add(result(task, tick, reprocess_id=5 if task == 2 else 0))
    assert not collector.caught_up(results)
    assert collector.start_round(NOW).reprocess_id == 5, "the next tick makes all tasks reprocess"


def test_result_survives_the_round_trip(collector):
    sent = result(0, collector.start_round(NOW))
    received = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=PartialResult)
    assert received == sent


def test_results_with_another_schema_are_not_added_up():
    collector = RollupCollector(task_count=2, generation=7, now=0, schema_hash=SCHEMA)
    for _ in range(2):
        tick = collector.start_round(NOW)
        assert collector.add(result(0, tick)) is None
        assert collector.add(result(1, tick, schema_hash=SCHEMA + 1)) is None
        assert collector.pending
        assert collector.incompatible_tasks == {1}
    tick = collector.start_round(NOW)
    assert collector.add(result(1, tick)) is None
    assert len(collector.add(result(0, tick))) == 2
    assert collector.incompatible_tasks == set()


def test_schema_hash_depends_on_the_definitions():
    hashes = [
        schema_hash(definitions)
        for definitions in (
            Definitions(),
            Definitions(windows=("7d", "30d")),
            Definitions(rates={"USD": 1.0, "EUR": 1.2}),
            Definitions(tiers=Definitions().tiers | {"vip": 2000.0}),
        )
    ]
    assert len(set(hashes)) == 4
    rates = {"EUR": 1.2, "USD": 1.0}  # the order in a file does not matter
    assert schema_hash(Definitions(rates=rates)) == hashes[2]


def test_tick_is_caught_up_after_a_caught_up_round(collector):
    assert not collector.start_round(NOW).caught_up
    settle(collector)
    assert not collector.start_round(NOW).caught_up  # the facts forwarded until then may be unread
    settle(collector)
    assert collector.start_round(NOW).caught_up
    assert not collector.start_round(NOW).caught_up  # results of the last round are missing
    settle(collector, inputs_read=False)
    assert not collector.start_round(NOW).caught_up


def test_settlement_ends_when_quiescent_or_after_six_rounds(collector):
    assert not settle(collector), "the inputs are read; the first settlement round starts"
    for _ in range(2):
        before = collector.settlement_round
        assert not settle(collector, is_quiescent=False)
        assert collector.settlement_round > before
    tick = collector.start_round(NOW)
    results = [collector.add(result(task, tick, is_quiescent=task != 1)) for task in range(3)][-1]
    assert not collector.caught_up(results), "facts of one task suffice"
    assert settle(collector)
    assert settle(collector, is_quiescent=False), "live facts may lead to facts"
    busy = RollupCollector(task_count=3, generation=7, now=0, schema_hash=SCHEMA)
    assert [settle(busy, is_quiescent=False) for _ in range(8)] == [False] * 6 + [True] * 2


def test_inputs_read_again_settle_again(collector):
    assert [settle(collector) for _ in range(2)] == [False, True]
    assert not settle(collector, inputs_read=False)
    assert [settle(collector, is_quiescent=False) for _ in range(2)] == [False, False]
    assert settle(collector)


def test_next_tick_has_the_mappings_of_all_tasks(collector):
    """Workers with another configuration report theirs too, although their results do not count."""
    tick = collector.start_round(NOW)
    collector.add(result(0, tick, mappings={"shop.orders": ("a",)}))
    collector.add(result(1, tick, mappings={"shop.orders": ("a", "b"), "returns": ("c",)}))
    collector.add(result(2, tick, mappings={"returns": ("d",)}, schema_hash=SCHEMA + 1))
    assert tick.mappings == {}
    assert collector.start_round(NOW).mappings == {"shop.orders": ("a", "b"), "returns": ("c", "d")}


def test_schema_hash_depends_on_the_mappings_of_the_inputs():
    assert len({schema_hash(Definitions(), digest) for digest in ("", "a", "b")}) == 3


def test_next_tick_has_the_jump_that_moved_the_clock_furthest(collector):
    jumps = [ClockJump("orders", 1, 2, 10, 90), None, ClockJump("orders", 0, 5, 20, 70)]
    tick = collector.start_round(NOW)
    for task, jump in enumerate(jumps):
        collector.add(result(task, tick, clock_jump=jump))
    assert tick.clock_jump is None
    assert collector.start_round(NOW).clock_jump == jumps[0]
