"""Fixtures of the commands' tests: a Kafka without topics, and a way to run a command."""

import asyncio
import json
from typing import NamedTuple

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.cli.group import run
from tests.support.cli_calls import BrokerCalls, visible


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def kafka(empty_kafka):
    """Return the bootstrap servers of a Kafka without topics."""
    return empty_kafka.bootstrap


@pytest.fixture
def retention(capsys, monkeypatch, tmp_path):
    """Return a function that runs `retention` with arguments and environment variables."""
    monkeypatch.setenv("RETENTION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments, **environ):
        for name, value in environ.items():
            monkeypatch.setenv(f"RETENTION_{name.upper()}", str(value))
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def events_file(tmp_path):
    """Return a function that writes events or raw lines to a file."""

    def write(*lines, name="events.jsonl"):
        path = tmp_path / name
        path.write_bytes(
            b"".join(
                (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
            )
        )
        return path

    return write


@pytest.fixture
def make_topics(kafka):
    """Return a function that creates topics with two partitions."""

    async def create(names):
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.create_topics([NewTopic(name, 2, 1) for name in names])
        await visible(admin, names)
        await admin.close()

    return lambda *names: asyncio.run(create(names))


@pytest.fixture
def broker_calls(kafka):
    """Return a plain Kafka client with which a test produces and reads records."""
    return BrokerCalls(kafka)
