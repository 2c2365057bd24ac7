"""What has to be read, committed and told before a task calls itself caught up."""

import pytest
from aiokafka import TopicPartition

from streams.worker.catch_up import CatchUp

ORDERS, FACTS = TopicPartition("orders", 0), TopicPartition("g-facts", 0)
ENDS = {ORDERS: 10, FACTS: 5}


@pytest.fixture
def progress():
    return CatchUp(ENDS)


def test_history_is_what_was_there_and_has_not_been_read(progress):
    assert progress.in_history({ORDERS: 9, FACTS: 5})
    assert progress.in_history({ORDERS: 10, FACTS: 4})
    assert not progress.in_history(ENDS)


def test_it_has_to_be_read_and_committed(progress):
    assert progress.inputs_read(ENDS, ENDS)
    assert not progress.inputs_read({ORDERS: 9, FACTS: 5}, ENDS), "read again, after a rewind"
    assert not progress.inputs_read(ENDS, {ORDERS: 10, FACTS: 4})
    assert not progress.inputs_read(ENDS, {ORDERS: 10})
    assert CatchUp({}).inputs_read({}, {})


def test_the_facts_of_an_epochs_beginning_have_to_be_read(progress):
    assert (progress.settlement_round, progress.facts_read(99)) == (0, False)
    progress.start_round(7, 8)
    assert (progress.settlement_round, progress.facts_read(7), progress.facts_read(8)) == (7, False, True)


def test_what_they_led_to_has_to_be_where_others_read_it(progress):
    progress.start_round(1, 8)
    assert not progress.messages_committed(3, 2)
    assert progress.messages_committed(5, 3), "what came of later facts is not asked for"
    progress.start_round(2, 9)
    assert not progress.messages_committed(5, 4)


def test_an_epoch_without_letters_is_quiet(progress):
    told = []
    for epoch, letters in enumerate((0, 3, 3, 4), 1):
        progress.start_round(epoch, 8)
        progress.messages_committed(letters, letters)
        told.append(progress.is_quiescent)
    assert told == [True, False, True, False]
    progress.start_round(5, 8)
    progress.start_round(6, 8)  # the one before was never read to its end
    progress.messages_committed(4, 4)
    assert progress.is_quiescent
