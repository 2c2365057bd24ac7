"""`retention demo`, as a newcomer meets it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from streams.broker import free_port


class Demo:
    def __init__(self, directory, **environ):
        self._log = directory / "out"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "demo", "--customers", "300"],
                env=os.environ | {"RETENTION_DATA_DIR": str(directory)} | environ,
                stdout=log,
                stderr=log,
            )

    @property
    def out(self):
        return self._log.read_text()


@pytest.fixture
def demo(tmp_path):
    """Start a small one."""
    started = []

    def start(**environ):
        started.append(Demo(tmp_path, **environ))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


@pytest.mark.timeout(300)
def test_its_metrics_answer_and_ctrl_c_leaves_nothing_behind(demo):
    port = free_port()
    running = demo(RETENTION_PORT=str(port))
    while orders(port) < 300:
        assert running.process.poll() is None, running.out
        time.sleep(0.2)
    children = psutil.Process(running.process.pid).children(recursive=True)
    assert len(children) >= 2  # Kafka and the worker
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0, running.out
    assert f"http://127.0.0.1:{port}" in running.out
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def orders(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as response:
            lines = response.read().decode().splitlines()
    except OSError:
        return 0.0
    return next(
        (float(line.split()[1]) for line in lines if line.startswith('retention_orders{window="365d"}')), 0.0
    )


@pytest.mark.timeout(200)
def test_somebody_elses_port_is_not_mistaken_for_its_own(demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = demo(RETENTION_PORT=str(taken.getsockname()[1]))
        assert running.process.wait() == 5
    assert "is in use by another process" in running.out
