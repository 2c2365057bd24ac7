"""A schema registry that runs for one test."""

import pytest

from tests.support.registry_server import RegistryServer


@pytest.fixture
async def server():
    async with RegistryServer() as running:
        yield running
