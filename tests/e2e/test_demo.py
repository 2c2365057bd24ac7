"""The first thing that a newcomer does."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

_DEMO = [sys.executable, "-m", "streams.cli", "demo", "--customers=300", "--port=0"]


def _of(directory: Path) -> list[psutil.Process]:
    """The processes whose command line names the directory: the demo's Kafka, and the demo itself."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(directory) in word for word in process.info["cmdline"] or ())
    ]


@pytest.mark.timeout(110)
def test_the_demo_shows_retention_live_and_leaves_nothing_running(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*_DEMO, "--seconds=8", f"--data-dir={tmp_path}"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"90d +│ +\d+\.\d% ", ended.stdout), ended.stdout
    assert "caught up" in ended.stdout
    assert _of(tmp_path) == []


@pytest.mark.timeout(110)
def test_a_demo_that_is_killed_takes_its_kafka_and_its_worker_along(tmp_path: Path) -> None:
    demo = subprocess.Popen([*_DEMO, f"--data-dir={tmp_path}"], stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        while "Retention" not in demo.stdout.readline():
            assert demo.poll() is None
        family = psutil.Process(demo.pid).children(recursive=True)
        assert len(family) >= 2, "Kafka and the worker"
    finally:
        os.kill(demo.pid, signal.SIGKILL)
        demo.communicate()
    deadline = time.monotonic() + 20
    while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family):
        assert time.monotonic() < deadline, family
        time.sleep(0.1)
