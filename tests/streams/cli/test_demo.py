"""`retention demo`: its output, its exit codes and its live view."""

import os
import socket
import subprocess
import sys

import pytest

from streams.errors import IN_IMAGE
from streams.local.processes import die_with_parent


class Demo:
    def __init__(self, directory, **environ):
        self._log = directory / "out"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                die_with_parent([sys.executable, "-m", "streams.cli", "demo", "--customers", "300"]),
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


def test_demo_in_the_container_image_names_where_it_runs(retention, monkeypatch):
    monkeypatch.setenv(IN_IMAGE, "1")
    result = retention("demo", "--broker", "kafka:19092")
    assert result.code == 1
    assert "the container image cannot run the demo" in result.err
    assert "`make demo`" in result.err
    assert "`docker compose up`" in result.err


def test_broker_in_the_container_image_names_other_brokers(retention, monkeypatch):
    monkeypatch.setenv(IN_IMAGE, "1")
    result = retention("broker")
    assert result.code == 8
    assert "`docker compose up -d kafka`" in result.err


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_port_of_another_program_is_not_used_by_demo(demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = demo(RETENTION_PORT=str(taken.getsockname()[1]))
        assert running.process.wait() == 5
    assert "is in use by another process" in running.out
