"""When a worker sends the result of an evaluation. With Kafka: tests/e2e."""

from types import SimpleNamespace

import pytest

from streams.kafka.topics import Names
from streams.worker.worker import Worker


class Group:
    """A worker with one task, which records what it does.

    Args:
        fails: whether the task's transaction fails, so that the task is opened again.
    """

    def __init__(self, *, awaits_commit: bool, fails: bool = False) -> None:
        self.done: list[str] = []
        self.task = SimpleNamespace(awaits_commit=awaits_commit, running=True, evaluate=self._evaluate)
        self.tasks = SimpleNamespace(commit_at_once=self._commit)
        self.app = SimpleNamespace(producer=SimpleNamespace(send=self._send))
        self._context = SimpleNamespace(names=Names("shop"))
        self._fails = fails

    async def _evaluate(self, _batch):
        return 0

    async def _commit(self, task):
        self.done.append("commit")
        task.running = not self._fails

    async def _send(self, *_record):
        self.done.append("send")


@pytest.mark.parametrize(
    ("state", "done"),
    [
        ({"awaits_commit": False}, ["send"]),
        ({"awaits_commit": True}, ["commit", "send"]),
        ({"awaits_commit": True, "fails": True}, ["commit"]),
    ],
)
async def test_result_of_a_close_is_sent_once_it_is_committed(state, done):
    group = Group(**state)
    await Worker._evaluate(group, group.task, None)
    assert group.done == done
