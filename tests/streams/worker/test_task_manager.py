"""Tasks are opened and closed with the assignment, on a real Kafka."""

import asyncio
import time

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.errors import KafkaTimeoutError

from models.partition.metadata import METADATA_KEY, STATE_VERSION
from streams.errors import StateTooNew
from streams.partitioner import tasks_of
from tests.support.group_member import member
from tests.support.kafka_calls import admin, producer, records_of, truncate
from tests.support.task_records import ORDERS, orders


def number_of(task):
    return task.number


async def test_assigned_tasks_are_owned_and_read(worker):
    await worker.assign(0, 1, generation=1)
    assert sorted(map(number_of, worker.tasks)) == [0, 1]
    assert worker.consumer.flowing == set(worker.partitions_of(0, 1))
    await worker.assign(1, generation=2)
    assert list(map(number_of, worker.tasks)) == [1]
    assert worker.consumer.flowing == set(worker.partitions_of(1))
    assert worker.closed == [0]


async def test_kept_task_reads_on_from_its_position(worker):
    """An assignment puts the consumer back to the committed offsets."""
    await worker.assign(0, 1, generation=1)
    stays = worker.tasks.get(1)
    stays.positions[TopicPartition("orders", 1)] = 17
    worker.consumer.seeks.clear()
    await worker.assign(1, generation=2)
    assert worker.tasks.get(1) is stays
    assert stays.generation == 2
    assert worker.consumer.seeks[-1][TopicPartition("orders", 1)] == 17


async def test_missed_generation_drops_all_tasks(worker):
    """Other workers may have owned its tasks in between, and written their state."""
    await worker.assign(0, 1, generation=1)
    before = list(worker.tasks)
    await worker.assign(0, 1, generation=3, continuous=False)
    assert not any(task.running for task in before)
    assert sorted(map(number_of, worker.tasks)) == [0, 1]


async def test_task_opened_in_a_rebalance_has_the_new_generation(worker):
    """With the old one its results would be ignored, and no round would be complete again."""
    opening, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_task):
        opening.set()
        await go_on.wait()

    worker.on_opened = slowly
    await worker.assign(0, generation=1, wait=False)
    await asyncio.wait_for(opening.wait(), 20)
    await worker.assign(0, generation=2, wait=False)
    go_on.set()
    await worker.settled()
    [task] = worker.tasks
    assert task.generation == 2
    assert worker.opened == [task], "it was not opened again"


async def test_seek_undone_by_an_assignment_is_repeated(worker):
    async def rebalance():
        worker.consumer.before_seek = None
        await worker.assign(0, generation=2, wait=False)

    worker.consumer.before_seek = rebalance
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    assert task.generation == 2
    assert len(worker.consumer.seeks) == 2


async def test_new_partition_of_an_input_is_read(worker):
    await worker.assign(0, generation=1)
    [before] = worker.tasks
    gained = TopicPartition("orders", 2)
    async with admin(worker.context.client_options["bootstrap_servers"]) as client:
        counts = {"orders": max(3, worker.context.partition_counts["orders"])}
        if counts["orders"] > worker.context.partition_counts["orders"]:
            await client.create_partitions({"orders": NewPartitions(counts["orders"])})
    await wait_for_partition(worker, gained)
    await worker.tasks.reassign([*worker.partitions_of(0), gained], 2, continuous=True)
    await worker.settled()
    [task] = worker.tasks
    assert task is not before
    assert gained in task.positions


async def test_input_shorter_than_the_position_is_read_from_its_start(worker):
    """The worker would wait at its position until as many records are written again."""
    await worker.assign(0, generation=1)
    [before] = worker.tasks
    tp = TopicPartition("orders", 0)
    beginning = before.positions[tp]
    [end] = (await worker.context.source_offsets.end_offsets([tp])).values()
    before.positions[tp] = end
    await worker.tasks.sample_lag()
    assert list(worker.tasks) == [before], "a position at the end is valid"
    before.positions[tp] = end + 7
    await worker.tasks.sample_lag()
    await worker.settled()
    [task] = worker.tasks
    assert task is not before
    assert task.positions[tp] == beginning


async def test_input_with_another_topic_id_is_read_from_its_start(kafka, worker):
    """Only the topic id shows it when the new topic is long enough."""
    tp = TopicPartition("orders", 0)
    async with producer(kafka) as sender:
        await sender.send_and_wait(tp.topic, b"of the new topic", partition=tp.partition)
    await worker.assign(0, generation=1)
    [before] = worker.tasks
    beginning = before.positions[tp]
    before.positions[tp] += 1
    worker.context.source_offsets._topic_ids.record({tp: "id of the former topic"})
    await before.commit(last=True)
    await worker.tasks.sample_lag()
    await worker.settled()
    [task] = worker.tasks
    assert task is not before
    assert task.positions[tp] == beginning


async def test_committed_offset_beyond_the_end_restarts_the_input(worker):
    """The input was deleted and created again while no worker ran."""
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    tp = TopicPartition("orders", 0)
    beginning = task.positions[tp]
    task.positions[tp] += 1_000_000
    await task.commit(last=True)
    await worker.assign(generation=2)
    await worker.assign(0, generation=3)
    [task] = worker.tasks
    assert task.positions[tp] == beginning


async def wait_for_partition(worker, tp):
    async with asyncio.timeout(20):
        while tp.partition not in (worker.consumer.kafka.partitions_for_topic(tp.topic) or ()):
            await worker.consumer.kafka._client.force_metadata_update()
            worker.consumer.kafka._client.add_topic(tp.topic)
            await asyncio.sleep(0.05)


async def test_failed_open_callback_opens_the_task_again(worker):
    """Task 0 has the roll-up leader: without it no rounds would start any more."""
    attempts = []

    async def broker_is_away_once(task):
        attempts.append(task)
        if len(attempts) == 1:
            raise KafkaTimeoutError

    worker.on_opened = broker_is_away_once
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    assert worker.opened == [task]
    assert len(attempts) == 2
    assert not attempts[0].running


async def test_task_revoked_while_opening_is_never_opened(worker):
    opening = asyncio.Event()

    async def slowly(_task):
        opening.set()
        await asyncio.sleep(60)

    worker.on_opened = slowly
    await worker.assign(0, generation=1, wait=False)
    await asyncio.wait_for(opening.wait(), 20)
    await worker.assign(generation=2)
    assert worker.opened == []
    assert len(worker.tasks) == 0
    assert worker.closed == [0], "the owner of the callback learns that the task is gone"


async def test_fenced_worker_joins_the_group_again(kafka, unique, worker):
    await worker.assign(0, generation=1)
    [zombie] = worker.tasks
    async with member(kafka, unique) as successor:
        await successor.assign(0, generation=2)
        await zombie.process(orders(zombie.positions[ORDERS], zombie.positions[ORDERS] + 1))
        await worker.tasks.commit()
        assert worker.consumer.rejoins == 1
        assert len(worker.tasks) == 0
        [owner] = successor.tasks
        await owner.process(orders(owner.positions[ORDERS], owner.positions[ORDERS] + 1))
        await successor.tasks.commit()
        assert owner.running, "the successor was not fenced in return"


async def test_lost_state_is_rebuilt_from_the_inputs(kafka, worker):
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    await task.process(orders(task.positions[ORDERS], task.positions[ORDERS] + 1))
    await worker.tasks.commit()
    await lose_state(kafka, worker)
    await worker.assign(0, generation=3, continuous=False)
    [again] = worker.tasks
    assert again.state_missing
    assert again.reprocess_id > 0
    assert again.partition.has_changes, (
        "the id is committed, so that all other tasks reprocess too, even if this one fails"
    )
    assert again.positions[ORDERS] < task.positions[ORDERS]


async def test_reprocess_id_exceeds_all_earlier_ones(kafka, worker):
    """The clock of the worker that noticed the last loss was a day ahead. Tasks ignore a lower id."""
    await worker.assign(0, 1, generation=1)
    tomorrow = (time.time_ns() // 10**6) + 86_400_000
    for task in worker.tasks:
        task.positions[TopicPartition("orders", task.number)] += 1
        task.partition.start_reprocessing(tomorrow)
    await worker.tasks.commit()
    await lose_state(kafka, worker)
    await worker.assign(0, 1, generation=3, continuous=False)
    lost, other = sorted(worker.tasks, key=number_of)
    assert lost.state_missing
    assert lost.reprocess_id > other.reprocess_id == tomorrow


async def test_lost_state_of_forwarded_facts_is_noticed(kafka, worker):
    """A task may have no input partition, if an input has fewer partitions than there are tasks."""
    facts = TopicPartition(worker.names.facts, 1)
    without_inputs = [tp for tp in worker.partitions_of(1) if tp.topic != "orders"]
    await worker.tasks.reassign(without_inputs, 1, continuous=True)
    await worker.settled()
    [task] = worker.tasks
    task.positions[facts] = 5
    await worker.tasks.commit()
    await lose_state(kafka, worker, 1)
    await worker.tasks.reassign(without_inputs, 3, continuous=False)
    await worker.settled()
    [again] = worker.tasks
    assert again.reprocess_id > 0


async def test_published_profiles_are_restored_for_lost_state(kafka, worker):
    """Customers that were erased or merged in between would keep their profiles."""
    ours, others = ([("ce_source", f"/retention/{group}".encode())] for group in (worker.group, "other"))
    records = [(b"ann", b"{}", ours), (b"bob", b"{}", ours), (b"bob", None, []), (b"eve", b"{}", others)]
    records += [(b"customer-%d" % number, b"{}", ours) for number in range(20)]
    count = worker.context.partition_counts["retention.customers"]
    async with producer(kafka) as sender:
        for key, value, headers in records:
            [partition] = tasks_of([key], count)
            await sender.send_and_wait("retention.customers", value, key, partition, headers=headers)
    await worker.assign(0, 1, generation=1)
    assert [task.partition.customer_keys() for task in worker.tasks] == [[], []]
    for task in worker.tasks:
        task.positions[TopicPartition(worker.names.facts, task.number)] = 5
    await worker.tasks.commit()
    for task in (0, 1):
        await lose_state(kafka, worker, task)
    await worker.assign(0, 1, generation=3, continuous=False)
    restored = {key: task.number for task in worker.tasks for key in task.partition.customer_keys()}
    assert restored.keys() == {b"ann", *(key for key, _, _ in records[4:])}
    assert list(restored.values()) == list(tasks_of(list(restored), 2))


async def lose_state(kafka, worker, task=0):
    changelog = TopicPartition(worker.names.changelog, task)
    await truncate(kafka, changelog)
    assert await records_of(kafka, changelog.topic, task) == []


async def test_new_group_has_lost_no_state(worker):
    await worker.assign(0, 1, generation=1)
    assert [task.reprocess_id for task in worker.tasks] == [0, 0]


async def test_state_of_a_newer_release_is_an_error(kafka, worker):
    row = msgspec.msgpack.encode([STATE_VERSION + 1, 0, 0, 0])
    async with producer(kafka) as sender:
        await sender.send_and_wait(worker.names.changelog, row, METADATA_KEY, 0)
    await worker.assign(0, generation=1)
    [error] = worker.failed
    assert isinstance(error, StateTooNew)
    assert str(STATE_VERSION + 1) in error.message


async def test_close_commits_processed_records(kafka, worker):
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    await task.process(orders(task.positions[ORDERS], task.positions[ORDERS] + 1))
    await worker.tasks.close()
    assert len(worker.tasks) == 0
    assert len(await records_of(kafka, worker.names.changelog, 0)) == 2
