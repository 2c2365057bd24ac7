import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from models.partition.partition import Partition
from streams.rollup.collector import RollupCollector
from streams.rollup.protocol import PartialResult, schema_hash

NOW = 1_700_000_000_000_000
SCHEMA = schema_hash(Definitions())
PARTIAL = Partition(Definitions(), {}).evaluate(NOW)


def answer(task, tick, **changes):
    """A task's answer to `tick`, from a task that has read everything."""
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


def settle(rollup, now=NOW, **changes):
    """Ask everybody, and take everybody's answer: the set and whether it is caught up."""
    tick = rollup.start_round(now)
    for task in range(rollup.task_count):
        answers = rollup.add(answer(task, tick, **changes))
    return rollup.caught_up(answers)


@pytest.fixture
def rollup():
    return RollupCollector(task_count=3, generation=7, now=0, schema_hash=SCHEMA)


def test_only_a_complete_set_counts(rollup):
    tick = rollup.start_round(NOW)
    assert rollup.add(answer(0, tick)) is None
    assert rollup.add(answer(2, tick)) is None
    answers = rollup.add(answer(1, tick))
    assert sorted(a.task for a in answers) == [0, 1, 2]


def test_a_task_that_answers_twice_does_not_stand_for_two(rollup):
    tick = rollup.start_round(NOW)
    for _ in range(3):
        assert rollup.add(answer(0, tick)) is None
    assert rollup.pending


def test_an_answer_of_another_generation_does_not_count(rollup):
    """A zombie's: it owned the task once, and has not noticed yet."""
    tick = rollup.start_round(NOW)
    rollup.add(answer(0, tick))
    rollup.add(answer(1, tick))
    for generation in (6, 8):
        assert rollup.add(answer(2, tick, generation=generation)) is None
    assert rollup.add(answer(2, tick)) is not None


def test_a_zombie_moves_neither_the_clock_nor_the_rewind(rollup):
    tick = rollup.start_round(NOW)
    rollup.add(answer(0, tick, generation=6, now=NOW + 5, stream_time=NOW + 5, reprocess_id=9))
    assert (rollup.now, rollup.stream_time, rollup.reprocess_id) == (NOW, 0, 0)


def test_a_late_answer_is_not_mixed_into_the_next_set(rollup):
    first = rollup.start_round(NOW)
    rollup.add(answer(0, first))
    second = rollup.start_round(NOW)
    assert rollup.add(answer(0, second)) is None
    assert rollup.add(answer(1, first)) is None
    assert rollup.add(answer(2, first)) is None
    assert rollup.add(answer(1, second)) is None
    assert rollup.add(answer(2, second)) is not None


def test_who_still_adds_up_its_history_is_not_waited_for(rollup):
    """Its clock stands still: else a question would be open until patience ends."""
    tick = rollup.start_round(NOW)
    rollup.add(answer(0, tick))
    rollup.add(answer(1, tick, now=NOW - 5, partial=None))
    answers = rollup.add(answer(2, tick))
    assert len(answers) == 3
    assert not rollup.pending
    assert not rollup.caught_up(answers)
    assert not settle(rollup, partial=None), "though all has been read"
    assert settle(rollup)


def test_a_set_is_evaluated_at_one_now(rollup):
    """A task whose clock was further on already: the question is asked again, at its now."""
    tick = rollup.start_round(NOW)
    rollup.add(answer(0, tick))
    assert rollup.add(answer(1, tick, now=NOW + 10)) is None
    assert rollup.add(answer(2, tick)) is None
    again = rollup.start_round(NOW)
    assert again.now == NOW + 10
    assert [rollup.add(answer(task, again)) is None for task in range(3)] == [True, True, False]


@given(st.lists(st.integers(0, 2 * NOW), min_size=1))
def test_now_never_goes_back(instants):
    rollup = RollupCollector(task_count=1, generation=1, now=NOW, schema_hash=SCHEMA)
    seen = [NOW] + [rollup.start_round(instant).now for instant in instants]
    assert seen == sorted(seen)
    assert seen[-1] == max(NOW, *instants)


def test_follows_the_latest_event_of_all_tasks(rollup):
    tick = rollup.start_round(NOW)
    rollup.add(answer(0, tick, stream_time=NOW + 3))
    rollup.add(answer(1, tick, stream_time=NOW + 1))
    assert rollup.stream_time == NOW + 3


def test_pending_until_all_have_answered(rollup):
    assert not rollup.pending
    tick = rollup.start_round(NOW)
    for task in range(3):
        assert rollup.pending
        rollup.add(answer(task, tick))
    assert not rollup.pending


def test_caught_up_takes_a_second_look_at_what_was_forwarded(rollup):
    """When all inputs are read, facts may be on their way: an epoch begins, and has to be read to its end."""
    assert not settle(rollup), "the epoch has only begun"
    assert not settle(rollup, settlement_round=0), "its facts have not been read"
    assert settle(rollup)


def test_an_input_that_is_behind_is_not_caught_up(rollup):
    settle(rollup)
    assert settle(rollup)
    tick = rollup.start_round(NOW)
    for task in range(3):
        answers = rollup.add(answer(task, tick, inputs_read=task != 1))
    assert not rollup.caught_up(answers)


def test_each_catching_up_has_an_epoch_of_its_own(rollup):
    settle(rollup)
    first = rollup.settlement_round
    settle(rollup)
    assert rollup.settlement_round == first, "none begins while everything stays read"
    settle(rollup, inputs_read=False)
    assert not settle(rollup), "what was forwarded meanwhile is not known to be read"
    assert rollup.settlement_round > first
    assert settle(rollup)


def test_the_next_generations_epochs_are_larger():
    before, after = RollupCollector(1, 7, 0, SCHEMA), RollupCollector(1, 8, 0, SCHEMA)
    for _ in range(1000):
        settle(before, inputs_read=False)
        settle(before)
    settle(after)
    assert after.settlement_round > before.settlement_round


def test_a_task_that_has_not_gone_back_yet_is_not_caught_up(rollup):
    """One task lost its state: until all have read their inputs again, its customers' numbers are missing."""
    settle(rollup)
    assert settle(rollup)
    tick = rollup.start_round(NOW)
    for task in range(3):
        answers = rollup.add(answer(task, tick, reprocess_id=5 if task == 2 else 0))
    assert not rollup.caught_up(answers)
    assert rollup.start_round(NOW).reprocess_id == 5, "and all are told to"


def test_an_answer_survives_the_wire(rollup):
    sent = answer(0, rollup.start_round(NOW))
    received = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=PartialResult)
    assert received == sent


def test_answers_of_another_release_or_configuration_are_not_added_up():
    rollup = RollupCollector(task_count=2, generation=7, now=0, schema_hash=SCHEMA)
    for _ in range(2):
        tick = rollup.start_round(NOW)
        assert rollup.add(answer(0, tick)) is None
        assert rollup.add(answer(1, tick, schema_hash=SCHEMA + 1)) is None
        assert rollup.pending
        assert rollup.incompatible_tasks == {1}
    tick = rollup.start_round(NOW)
    assert rollup.add(answer(1, tick)) is None
    assert len(rollup.add(answer(0, tick))) == 2
    assert rollup.incompatible_tasks == set()


def test_a_shape_is_a_function_of_what_numbers_are_made_with():
    shapes = [
        schema_hash(definitions)
        for definitions in (
            Definitions(),
            Definitions(windows=("7d", "30d")),
            Definitions(rates={"USD": 1.0, "EUR": 1.2}),
            Definitions(tiers=Definitions().tiers | {"vip": 2000.0}),
        )
    ]
    assert len(set(shapes)) == 4
    rates = {"EUR": 1.2, "USD": 1.0}  # the order of a file says nothing
    assert schema_hash(Definitions(rates=rates)) == shapes[2]


def test_what_the_numbers_mean_may_be_said_once_a_whole_set_rests_on_all_there_was(rollup):
    assert not rollup.start_round(NOW).caught_up
    settle(rollup)
    assert not rollup.start_round(
        NOW
    ).caught_up  # the facts that were forwarded until then are still to be read
    settle(rollup)
    assert rollup.start_round(NOW).caught_up
    assert not rollup.start_round(NOW).caught_up  # not all have answered the last one
    settle(rollup, inputs_read=False)
    assert not rollup.start_round(NOW).caught_up


def test_not_while_facts_lead_to_facts_but_no_longer_than_they_can(rollup):
    assert not settle(rollup), "the inputs have been read; the first epoch begins"
    for _ in range(2):
        before = rollup.settlement_round
        assert not settle(rollup, is_quiescent=False)
        assert rollup.settlement_round > before
    tick = rollup.start_round(NOW)
    answers = [rollup.add(answer(task, tick, is_quiescent=task != 1)) for task in range(3)][-1]
    assert not rollup.caught_up(answers), "one task's facts are enough"
    assert settle(rollup)
    assert settle(rollup, is_quiescent=False), "what is live may lead to facts as it likes"
    busy = RollupCollector(task_count=3, generation=7, now=0, schema_hash=SCHEMA)
    assert [settle(busy, is_quiescent=False) for _ in range(8)] == [False] * 6 + [True] * 2


def test_inputs_read_anew_are_waited_for_anew(rollup):
    assert [settle(rollup) for _ in range(2)] == [False, True]
    assert not settle(rollup, inputs_read=False)
    assert [settle(rollup, is_quiescent=False) for _ in range(2)] == [False, False]
    assert settle(rollup)
