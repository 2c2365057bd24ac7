"""Partial results of a task."""

import asyncio

from streams.rollup.protocol import Tick
from tests.support.kafka_calls import producer
from tests.support.task_records import ORDERS, orders, ticks


async def test_task_is_evaluated_at_the_newest_tick(worker, task):
    sent = [Tick(number, 1, now, 0, 0) for number, now in ((1, 10), (2, 20), (3, 30))]
    result = await task.evaluate(ticks(worker, *sent))
    assert (result.number, result.now, result.generation, result.task) == (3, 30, 1, 0)
    assert await task.evaluate(ticks(worker)) is None


async def test_ticks_of_a_former_leader_are_ignored(worker, task):
    """A former leader was paused, or is losing task 0; its ticks are not the current leader's."""
    sent = [Tick(3, 1, 30, 0, 0), Tick(900, 0, 99, 0, 0)]
    assert (await task.evaluate(ticks(worker, *sent))).number == 3
    assert await task.evaluate(ticks(worker, Tick(901, 0, 99, 0, 0))) is None
    assert task.partition.now == 30


async def test_result_has_the_later_clock_of_the_task(worker, task):
    await task.evaluate(ticks(worker, Tick(1, 1, 50, 0, 0)))
    result = await task.evaluate(ticks(worker, Tick(2, 1, 40, 0, 0)))
    assert (result.number, result.now) == (2, 50)


async def test_task_has_read_its_inputs_once_committed(task):
    task.progress.catch_up.ends = {ORDERS: 3}
    await task.process(orders(0, 3))
    assert not task.progress.inputs_read, "forwarded facts are in no topic before the commit"
    await task.commit()
    assert task.progress.inputs_read


async def test_reprocessing_task_has_not_read_its_inputs(worker, task):
    """Until the next commit, the committed offsets are from before the reprocessing."""
    task.progress.catch_up.ends = {ORDERS: 3}
    await task.process(orders(0, 3))
    await task.commit()
    result = await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 77)))
    assert result.reprocess_id == 77
    assert not result.inputs_read
    assert worker.consumer.seeks[-1][ORDERS] == task.positions[ORDERS]


async def test_reprocessing_waits_for_the_aggregate_build(worker, task):
    """In the middle of the build, customers that are done would not resend their messages."""
    async with task._state:  # so that the build waits
        assert (await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0)))).partial is None
        assert (await task.evaluate(ticks(worker, Tick(2, 1, 10, 0, 77)))).reprocess_id == 0
        assert worker.consumer.seeks == []
    while task._build.is_running:  # noqa: ASYNC110 - as in `begun`
        await asyncio.sleep(0)
    assert (await task.evaluate(ticks(worker, Tick(3, 1, 10, 0, 77)))).reprocess_id == 77
    assert worker.consumer.seeks[-1][ORDERS] == task.positions[ORDERS]


async def test_task_closed_during_the_build_returns_no_aggregates(worker, task):
    """Cancelling the build must not cancel the agent that waits for it."""
    async with task._state:
        evaluating = asyncio.create_task(task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0))))
        while not task._build.is_running:  # noqa: ASYNC110 - as in `begun`
            await asyncio.sleep(0)
        await task.close()
        assert (await evaluating).partial is None


async def test_settlement_round_is_reported_once_its_facts_are_read(kafka, worker, task, facts):
    """Facts count once they are in the log, even before the transaction's marker arrives."""
    task.progress.catch_up.ends = {}
    async with producer(kafka, transactional_id=f"{worker.group}-other") as sender, sender.transaction():
        await sender.send_and_wait(facts.topic, b"fact", b"key", 0)
        result = await task.evaluate(ticks(worker, Tick(1, 1, 10, 8, 0)))
    assert result.settlement_round == 0
    task.positions[facts] = 1
    result = await task.evaluate(ticks(worker, Tick(2, 1, 10, 8, 0)))
    assert result.settlement_round == 8
