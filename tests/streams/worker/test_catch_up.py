"""The offsets that must be read and committed before a task is caught up."""

import pytest
from aiokafka import TopicPartition

from streams.worker.catch_up import CatchUp

ORDERS, FACTS = TopicPartition("orders", 0), TopicPartition("g-facts", 0)
ENDS = {ORDERS: 10, FACTS: 5}


@pytest.fixture
def catch_up():
    return CatchUp(ENDS)


def test_history_lasts_until_the_ends_at_assignment(catch_up):
    assert catch_up.in_history({ORDERS: 9, FACTS: 5})
    assert catch_up.in_history({ORDERS: 10, FACTS: 4})
    assert not catch_up.in_history(ENDS)


def test_later_ends_extend_the_history(catch_up):
    catch_up.extend({ORDERS: 12, FACTS: 4})
    assert catch_up.ends == {ORDERS: 12, FACTS: 5}
    assert catch_up.in_history(ENDS)


def test_inputs_are_read_once_read_and_committed(catch_up):
    assert catch_up.inputs_read(ENDS, ENDS)
    assert not catch_up.inputs_read({ORDERS: 9, FACTS: 5}, ENDS), "read again by reprocessing"
    assert not catch_up.inputs_read(ENDS, {ORDERS: 10, FACTS: 4})
    assert not catch_up.inputs_read(ENDS, {ORDERS: 10})
    assert CatchUp({}).inputs_read({}, {})


def test_settlement_round_needs_its_facts_read(catch_up):
    assert (catch_up.settlement_round, catch_up.facts_read(99)) == (0, False)
    catch_up.start_round(7, 8)
    assert (catch_up.settlement_round, catch_up.facts_read(7), catch_up.facts_read(8)) == (7, False, True)


def test_settlement_round_needs_its_messages_committed(catch_up):
    catch_up.start_round(1, 8)
    assert not catch_up.messages_committed(3, 2)
    assert catch_up.messages_committed(5, 3), "messages of later facts do not count"
    catch_up.start_round(2, 9)
    assert not catch_up.messages_committed(5, 4)


def test_settlement_round_without_messages_is_quiescent(catch_up):
    quiescent = []
    for number, messages in enumerate((0, 3, 3, 4), 1):
        catch_up.start_round(number, 8)
        catch_up.messages_committed(messages, messages)
        quiescent.append(catch_up.is_quiescent)
    assert quiescent == [True, False, True, False]
    catch_up.start_round(5, 8)
    catch_up.start_round(6, 8)  # the round before was never read to its end
    catch_up.messages_committed(4, 4)
    assert catch_up.is_quiescent
