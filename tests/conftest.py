"""Fixtures of all tests: one Kafka for each process of the suite, and unused names.

Markers are set by what a test uses: `e2e` in tests/e2e, and `kafka` by a fixture that starts a broker. Tests
that start brokers themselves, or take more than 3 s (`slow`), are marked by hand.
"""

import asyncio
import gc
import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from streams.local.kafka import EmbeddedKafka
from tests.support.cli_calls import delete_all
from tests.support.process_caches import cache_bytecode, use_class_archive
from tests.support.secured_kafka import SecuredKafka

END_TO_END = Path(__file__).parent / "e2e"
#: Fixtures that start a broker, directly.
BROKERS = {"embedded_kafka", "secured_kafka"}

#: Markers, the longest tests first: a long file that starts last keeps one process busy, and others idle.
LONGEST = ("e2e", "slow", "program", "kafka")

#: A broker cleans compacted topics and deletes expired records within seconds instead of minutes. The records
#: that its controller would write every half second otherwise are a third of the CPU time of an idle broker.
HASTY = {
    "metadata.max.idle.interval.ms": "0",
    "log.cleaner.backoff.ms": "500",
    "log.retention.check.interval.ms": "1000",
    "log.initial.task.delay.ms": "500",
    "log.cleaner.min.cleanable.ratio": "0.01",
}

cache_bytecode()


def pytest_configure(config: pytest.Config) -> None:
    """Make xdist start files in the order of `pytest_collection_modifyitems`, not by number of tests."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude modules and tests, 350,000 objects, from garbage collections: each would take 0.25 s."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)  # as in a worker: a sixth of the time of what makes many objects
    gc.enable()
    return result


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they use. Among several processes, begin with the files that take longest."""
    for item in items:
        if item.path.is_relative_to(END_TO_END):
            item.add_marker(pytest.mark.e2e)
        if BROKERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)
    if hasattr(config, "workerinput"):
        ranks: dict[Path, int] = {}
        for item in items:
            ranks[item.path] = min(_rank(item), ranks.get(item.path, len(LONGEST)))
        items.sort(key=lambda item: ranks[item.path])


def _rank(item: pytest.Item) -> int:
    """Return the place of a test's first marker in `LONGEST`."""
    return next((rank for rank, name in enumerate(LONGEST) if item.get_closest_marker(name)), len(LONGEST))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests that need a missing program; fail instead if `.ci/run` has installed all programs."""
    for marker in item.iter_markers("program"):
        for name in marker.args:
            if not any(map(shutil.which, name.split("|"))):
                message = f"{name} is not installed: .ci/run does that"
                (pytest.fail if os.environ.get("REQUIRE_PROGRAMS") else pytest.skip)(message)
    if item.get_closest_marker("kafka") or item.get_closest_marker("e2e"):
        use_class_archive()


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """Return the broker of this process. A test that restarts or kills a broker starts its own."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka"), settings=HASTY) as broker:
        yield broker


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """Return a broker with TLS, SASL and the authorizer."""
    with SecuredKafka(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@pytest.fixture
def kafka(embedded_kafka: EmbeddedKafka) -> str:
    """Return the bootstrap servers of the broker. Its other topics belong to other tests."""
    return embedded_kafka.bootstrap


@pytest.fixture
def empty_kafka(embedded_kafka: EmbeddedKafka) -> EmbeddedKafka:
    """Return the broker without topics, because the input topics have fixed names that other tests use."""
    asyncio.run(delete_all(embedded_kafka.bootstrap))
    return embedded_kafka


@pytest.fixture
def unique() -> str:
    """Return a prefix for group and topic names that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"
