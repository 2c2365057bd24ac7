"""What every test may ask for: one real Kafka for the session, and names nobody else uses."""

import os
import shutil
import uuid
from collections.abc import Iterator

import pytest

from streams.local.kafka import EmbeddedKafka
from tests.support.secured_kafka import SecuredKafka


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """The session's broker; a test that restarts or kills it starts one of its own instead."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """A broker with TLS, SASL and its authorizer on."""
    with SecuredKafka(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@pytest.fixture
def kafka(embedded_kafka: EmbeddedKafka) -> str:
    """The bootstrap servers of the session's broker."""
    return embedded_kafka.bootstrap


@pytest.fixture
def unique() -> str:
    """A prefix for group and topic names that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not there; fail where `.ci/run` has promised that all of them are."""
    for marker in item.iter_markers("program"):
        for name in marker.args:
            if not any(map(shutil.which, name.split("|"))):
                message = f"{name} is not installed: .ci/run does that"
                (pytest.fail if os.environ.get("REQUIRE_PROGRAMS") else pytest.skip)(message)
