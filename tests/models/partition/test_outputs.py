"""The outputs of a partition's customers: the due customers, the outputs, and the stored emitted state."""

import pytest

from models.contract.messages import ACTION, PROFILE, TRANSITION
from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import PRIORITIES, Definitions
from models.facts import claims
from models.partition import standalone
from models.partition.partition import Partition
from tests.support.partitions import DAY, HOUR, NOW, Shop

ADA = b"ada"


@pytest.fixture
def shop():
    """Return a partition whose customers all get actions."""
    return Shop(Definitions(actions=ActionPolicy(held_out=0.0)))


def emitted(shop):
    """Return the types of all outputs that are due."""
    part = shop.partition
    keys = iter(lambda: part.due_for_output(10), [])
    return [output.type for due in keys for key in due for output in part.emit(key)]


def restored(rows, now):
    """Return a partition in bootstrap mode."""
    partition = Partition(Definitions(), dict(rows))
    partition.resume(now)
    return partition


def test_first_order_emits_profile_and_transitions_once(shop):
    shop.order("o1", NOW - HOUR)
    assert sorted(emitted(shop)) == sorted([PROFILE, TRANSITION, TRANSITION]), "of lifecycle and tier"
    assert emitted(shop) == []


def test_changed_customer_is_due_again(shop):
    shop.order("o1", NOW - HOUR)
    emitted(shop)
    assert shop.partition.due_for_output(10) == []
    shop.order("o2", NOW)
    assert shop.partition.due_for_output(10) == [ADA]


def test_no_more_customers_than_the_limit_are_due(shop):
    for name in ("ada", "bob", "eve"):
        shop.order("o1", NOW - HOUR, customer=name)
    assert [len(shop.partition.due_for_output(2)) for _ in range(3)] == [2, 1, 0]


def test_customer_without_a_row_emits_nothing(shop):
    assert shop.partition.emit(b"nobody") == []


def test_no_customer_is_due_in_bootstrap_mode(shop):
    shop.order("o1", NOW - HOUR)
    partition = restored(shop.rows, NOW)
    assert partition.due_for_output(10) == []
    standalone.build_aggregates(partition, NOW)
    assert partition.due_for_output(10) == [ADA]


def test_emitted_outputs_are_not_repeated_after_a_restart(shop):
    shop.order("o1", NOW - HOUR)
    emitted(shop)
    shop.restart()
    assert shop.partition.due_for_output(10) == [ADA]
    assert shop.partition.emit(ADA) == []


def test_emission_changes_the_row_of_the_customer(shop):
    shop.order("o1", NOW - HOUR)
    shop.partition.take_changes()
    shop.partition.emit(ADA)
    assert ADA in shop.partition.take_changes()


def test_customer_with_a_timer_is_due_when_it_fires(shop):
    shop.process(claims.Opened, "t1", NOW, PRIORITIES.index("urgent"), False, "email")
    emitted(shop)
    due = []
    for minute in range(1, 61):
        shop.partition.advance(NOW + minute * HOUR // 60)
        due += shop.partition.due_for_output(10)
    assert due[:1] == [ADA]


def test_issued_action_becomes_a_fact_that_is_counted(shop):
    shop.order("o1", NOW - DAY, promised=NOW - HOUR)
    assert ACTION in emitted(shop)
    issued = [fact.claim for fact in shop.partition.fact_log(ADA) if isinstance(fact.claim, claims.Acted)]
    assert len(issued) == 1
    shop.restart()
    assert emitted(shop) == []


def test_restored_profile_without_customer_is_a_tombstone(shop):
    shop.partition.restore_published([b"gone"])
    outputs = {
        key: [(output.type, output.value) for output in shop.partition.emit(key)]
        for key in shop.partition.due_for_output(10)
    }
    assert outputs == {b"gone": [(PROFILE, None)]}
    assert shop.partition.emit(b"gone") == []
    assert shop.partition.take_changes()[b"gone"] is None


def test_restored_profile_of_a_customer_is_emitted_again(shop):
    shop.partition.restore_published([ADA])
    shop.order("o1", NOW - HOUR)
    assert PROFILE in emitted(shop)


def profiles(shop):
    """Return the number of profiles among the outputs that are due."""
    return emitted(shop).count(PROFILE)


def test_recreated_topic_gets_every_profile_once_more(shop):
    for name in ("ada", "bob"):
        shop.order("o1", NOW - HOUR, customer=name)
    assert not shop.partition.follow_profile_topic("first")
    assert profiles(shop) == 2
    assert not shop.partition.follow_profile_topic("first")
    assert shop.partition.follow_profile_topic("second")
    assert emitted(shop) == [PROFILE, PROFILE], "no transition and no action comes again"
    assert not shop.partition.follow_profile_topic("second")
    shop.restart()
    assert not shop.partition.follow_profile_topic("second")
    assert emitted(shop) == []


def test_restart_between_profiles_begins_them_again(shop):
    for name in ("ada", "bob"):
        shop.order("o1", NOW - HOUR, customer=name)
    shop.partition.follow_profile_topic("first")
    emitted(shop)
    shop.partition.follow_profile_topic("second")
    [ada] = shop.partition.due_for_output(1)
    shop.partition.emit(ada)
    shop.restart()
    assert shop.partition.follow_profile_topic("second")
    assert profiles(shop) == 2


def test_profile_of_a_recreated_topic_has_an_id_of_its_own(shop):
    shop.order("o1", NOW - HOUR)
    shop.partition.follow_profile_topic("first")
    [first, *_] = shop.partition.emit(ADA)
    shop.partition.follow_profile_topic("second")
    [second] = shop.partition.emit(ADA)
    assert (first.type, first.value) == (second.type, second.value)
    assert first.id != second.id
