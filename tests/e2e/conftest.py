"""A real Kafka and real worker processes."""

import uuid
from pathlib import Path

import pytest

from streams.local.kafka import EmbeddedKafka
from tests.support.cluster import Cluster
from tests.support.deployment import Deployment

#: What a broker does in minutes, it does in seconds: cleaning compacted topics, removing what is too old.
_HASTY = {
    "log.cleaner.backoff.ms": "500",
    "log.retention.check.interval.ms": "1000",
    "log.initial.task.delay.ms": "500",
    "log.cleaner.min.cleanable.ratio": "0.01",
}


def pytest_collection_modifyitems(items):
    """These wait for other processes: on a busy machine for longer than the suite's timeout."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """A broker for the tests of this directory, one after another."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka"), settings=_HASTY) as running:
        yield running


@pytest.fixture
async def cluster(broker):
    """The broker, without any topic."""
    found = Cluster(broker)
    await found.wipe()
    return found


@pytest.fixture
def deploy(cluster, tmp_path):
    """Make a group of workers; all processes end with the test."""
    deployments = []

    def make(**settings: str) -> Deployment:
        directory = tmp_path / f"group-{len(deployments)}"
        directory.mkdir()
        deployments.append(Deployment(cluster, f"g{uuid.uuid4().hex[:8]}", directory, **settings))
        return deployments[-1]

    yield make
    for deployment in deployments:
        deployment.close()
