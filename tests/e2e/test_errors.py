"""User errors are logged in one or two lines without a traceback, and the exit code is not 0."""

import socket

import msgspec
import pytest
from aiokafka import TopicPartition

from streams.local.ports import free_port
from tests.support.cluster import Record
from tests.support.events import history


async def refusal(worker):
    """Return the log of a worker that refuses to start, with one error message and no traceback."""
    assert await worker.exit_code() not in (0, -9, -15), worker.tail()
    assert "Traceback" not in worker.log, worker.log
    lines = worker.log.splitlines()
    message = [line for line in lines if line.startswith("retention: ")]
    assert len(message) == 1, worker.log
    assert len(lines) <= 4, worker.log
    return worker.log


async def test_missing_broker_is_explained(deploy):
    port = free_port()
    message = await refusal(deploy().start(RETENTION_BROKER=f"127.0.0.1:{port}"))
    assert f"no Kafka responds at 127.0.0.1:{port}" in message
    assert "RETENTION_BROKER" in message


async def test_wrong_partition_count_is_explained(deploy):
    deployment = deploy()
    name = f"{deployment.group}-customers-changelog"
    await deployment.cluster.create({name: 7})
    message = await refusal(deployment.start())
    assert f"topic {name} has 7 partitions where 4 are expected" in message


async def test_port_in_use_is_explained(deploy):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = await refusal(deploy().start(RETENTION_PORT=str(port)))
    assert f"port {port}" in message
    assert "RETENTION_PORT" in message


async def test_invalid_setting_is_explained(deploy):
    message = await refusal(deploy().start(RETENTION_CLOCK="sundial"))
    assert "RETENTION_CLOCK" in message
    assert "wall or event" in message


async def test_state_of_a_newer_version_is_explained(deploy):
    events = history(71, size=200)
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(1)
    await cluster.produce(events)
    await deployment.equal(events)
    assert await deployment.workers[0].stop() == 0
    changelog = f"{deployment.group}-customers-changelog"
    newer = msgspec.msgpack.encode([99, 0, 0, 0, "and more"])
    await cluster.send([Record(changelog, newer, b"\xff\xff", partition=2)])
    message = await refusal(deployment.start())
    assert "version 99" in message
    assert "retention reset" in message
    # The older release changed nothing, so the newer one continues at its position.
    assert (await cluster.ends([TopicPartition(changelog, 2)]))[TopicPartition(changelog, 2)] > 0


async def test_a_worker_stops_within_seconds_while_the_broker_is_away(deploy):
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(1)
    [worker] = deployment.workers
    cluster.broker.kill()
    try:
        await worker.stop(30)
    finally:
        cluster.broker.start()


_REVOKED = """
import asyncio, streams.service
from streams.worker.worker import Worker
streams.service._STOP_SECONDS = 1.5
revoked = Worker._on_revoked
async def slowly(self, *args, **kwargs):
    await revoked(self)
    if len(self.tasks):
        print("revoked", flush=True)
        await asyncio.sleep(%d)
Worker._on_revoked = slowly
"""


async def test_worker_stops_in_order_during_a_held_up_rebalance(deploy):
    """A stop does not wait for Kafka's answer to a join, which needs the join of every member."""
    events = history(12, size=300)
    deployment = deploy()
    stopped = deployment.start(DEFECT=_REVOKED % 0)
    slow = deployment.start(DEFECT=_REVOKED % 6)
    await deployment.sharing()
    await deployment.cluster.produce(events[:200])
    await deployment.equal(events[:200])
    before = {worker: worker.log.count("revoked") for worker in (stopped, slow)}
    deployment.start()
    for worker, count in before.items():
        await worker.until_logged("(?s)" + "revoked.*" * (count + 1))
    assert await stopped.stop(8) == 0
    assert stopped.has_logged("everything is committed; the group did not respond")
    await deployment.cluster.produce(events[200:])
    await deployment.equal(events)


_COMMIT_RAISES = """
from streams.worker.task import Task
async def commit(self, *, last=False):
    raise ValueError("a defect")
Task.commit = commit
"""

_REBALANCE_RAISES = """
from streams.worker.worker import Worker
async def revoked(self, *args, **kwargs):
    raise ValueError("a defect")
Worker._on_revoked = revoked
"""


@pytest.mark.parametrize("defect", [_COMMIT_RAISES, _REBALANCE_RAISES], ids=["commit", "rebalance"])
async def test_defective_worker_logs_the_error_and_exits(deploy, defect):
    """The worker also ends if the error prevents an orderly stop, because a hung worker is not restarted."""
    worker = deploy().start(DEFECT=defect)
    assert await worker.exit_code() == 1
    assert "retention: the worker stopped: ValueError('a defect')\n  its log says why\n" in worker.log
    assert "Traceback" in worker.log
    assert "Event loop is closed" not in worker.log
