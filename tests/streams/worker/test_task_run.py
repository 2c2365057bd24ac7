"""The conditions under which a task may process, and those that end a pass over its sources."""

import pytest

from streams.worker.task_run import TaskRun


@pytest.fixture
def run():
    run = TaskRun(task=3, generation=7)
    run.start()
    return run


def test_new_run_is_not_running():
    assert not TaskRun(3, 7).running


def test_new_pass_ends_the_one_before(run):
    before = run.read_pass
    run.start_pass()
    assert before.ended
    assert not run.read_pass.ended
    assert run.running


def test_ended_run_ends_its_pass(run):
    run.end()
    assert run.read_pass.ended
    assert not run.running


def test_stopped_run_keeps_its_pass(run):
    """Records under way are still processed: only their commit is impossible."""
    run.stop()
    assert not run.running
    assert not run.read_pass.ended
