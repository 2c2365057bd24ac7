"""Repeated log lines of libraries are limited."""

import ast
import inspect
import logging

from aiokafka import client, cluster
from aiokafka.consumer import group_coordinator
from aiokafka.errors import (
    KafkaConnectionError,
    NodeNotReadyError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
)

from streams.monitoring import log_throttle
from streams.monitoring.log_throttle import LogThrottle

REFUSED = "Unable connect to node with id %s"
REBALANCING = "Heartbeat failed for group %s because it is rebalancing"


class Timer:
    at = 0.0

    def __call__(self):
        return self.at


def reported(passes, *, name="aiokafka.conn", line=1, node=1, text="no answer from %s"):
    """What becomes of one more record of that line of code; None: nothing."""
    arguments = (node,) if "%s" in text else ()
    record = logging.LogRecord(name, logging.ERROR, "conn.py", line, text, arguments, None)
    return record.getMessage() if passes.filter(record) else None


def test_repeated_library_line_is_logged_every_ten_seconds():
    timer = Timer()
    passes = LogThrottle(timer)
    assert reported(passes) == "no answer from 1"
    for timer.at in (0.1, 5, 9.9):
        assert reported(passes, node=2) is None
    timer.at = 10
    assert reported(passes) == "no answer from 1 (and 3 more lines about it)"
    timer.at = 20
    assert reported(passes) == "no answer from 1"
    assert reported(passes) is None
    timer.at = 60
    assert reported(passes) == "no answer from 1", "what was held back is of another time"


def test_each_line_of_code_is_throttled_separately():
    passes = LogThrottle(Timer())
    assert reported(passes)
    assert reported(passes, line=2)
    assert reported(passes, name="faust.app", line=3)


def test_own_lines_are_never_throttled():
    passes = LogThrottle(Timer())
    assert all(reported(passes, name="streams.worker.task_manager") for _ in range(3))


def test_library_retry_is_logged_only_when_it_lasts():
    timer = Timer()
    passes = LogThrottle(timer)
    for timer.at in (0, 2, 4.9):
        assert reported(passes, node=NotLeaderForPartitionError()) is None
        assert reported(passes, line=4, text=REBALANCING) is None
    timer.at = 5
    assert reported(passes, node=NotLeaderForPartitionError)
    assert reported(passes, line=4, text=REBALANCING)
    timer.at = 60
    assert reported(passes, node=NotLeaderForPartitionError()) is None, "another time"
    assert reported(passes, line=2, node=KafkaConnectionError())
    assert reported(passes, line=3, node=TopicAuthorizationFailedError())


def test_unreachable_broker_is_logged_once_with_its_reason():
    timer = Timer()
    passes = LogThrottle(timer)
    # Somebody notices first; then the connection says why.
    assert reported(passes, line=1, text="Failed fetch: %s", node=KafkaConnectionError("closed"))
    assert reported(passes, line=2, text=REFUSED, node="1: refused")
    for tenth in range(1, 605):
        timer.at = tenth / 10
        assert reported(passes, line=1, text="Failed fetch: %s", node=NodeNotReadyError()) is None
        assert reported(passes, line=3, text="Unable to update metadata from %s") is None
        assert reported(passes, line=4, text="Heartbeat session expired - marking coordinator dead") is None
        line = reported(passes, line=2, text=REFUSED, node="1: refused")
        assert bool(line) == (tenth % 100 == 0)
        if line:
            assert line == "Unable connect to node with id 1: refused (and 399 more lines about it)"
    assert reported(passes, line=5), "another thing"


def test_line_without_reason_is_logged_without_another():
    passes = LogThrottle(Timer())
    assert reported(passes, text="Heartbeat session expired - marking coordinator dead")
    assert reported(passes, line=2, text="Unable to update metadata from %s") is None


def test_throttled_lines_exist_in_aiokafka():
    sources = "\n".join(map(inspect.getsource, (client, cluster, group_coordinator)))
    texts = {node.value for node in ast.walk(ast.parse(sources)) if isinstance(node, ast.Constant)}
    assert texts >= log_throttle._WITHOUT_REASON | log_throttle._TRANSIENT
    assert any(str(text).startswith(log_throttle._REASON) for text in texts)
