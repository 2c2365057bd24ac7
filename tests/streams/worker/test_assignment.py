"""When a task may process, and when a pass over its sources has ended."""

import pytest

from streams.worker.assignment import Assignment


@pytest.fixture
def assignment():
    assignment = Assignment(task=3, generation=7)
    assignment.start()
    return assignment


def test_new_assignment_is_not_running():
    assert not Assignment(3, 7).running


def test_new_pass_ends_the_one_before(assignment):
    before = assignment.read_pass
    assignment.start_pass()
    assert before.ended
    assert not assignment.read_pass.ended
    assert assignment.running


def test_ended_assignment_ends_its_pass(assignment):
    assignment.end()
    assert assignment.read_pass.ended
    assert not assignment.running


def test_stopped_assignment_keeps_its_pass(assignment):
    """Records under way are still processed: only their commit is impossible."""
    assignment.stop()
    assert not assignment.running
    assert not assignment.read_pass.ended
