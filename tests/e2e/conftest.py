"""A real Kafka and real worker processes."""

import uuid
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.deployment import Deployment


def pytest_collection_modifyitems(items):
    """Raise the timeout of these tests, which wait for other processes on a machine that may be busy."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
def broker(empty_kafka):
    """Return the broker, without topics."""
    return empty_kafka


@pytest.fixture
def cluster(broker):
    """Return the cluster's topics, empty at the start of the test."""
    return Cluster(broker)


@pytest.fixture
def deploy(cluster, tmp_path):
    """Return a function that makes a group of workers; all processes end with the test."""
    deployments = []

    def make(**settings: str) -> Deployment:
        directory = tmp_path / f"group-{len(deployments)}"
        directory.mkdir()
        deployments.append(Deployment(cluster, f"g{uuid.uuid4().hex[:8]}", directory, **settings))
        return deployments[-1]

    yield make
    for deployment in deployments:
        deployment.close()
