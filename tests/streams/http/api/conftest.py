"""A worker with customers in memory, asked over HTTP, and the generated OpenAPI document."""

import json
from pathlib import Path

import pytest

from tests.support.api_worker import Worker


@pytest.fixture
async def asked():
    async with Worker().served() as session:
        yield session


@pytest.fixture(scope="session")
def described():
    return json.loads((Path(__file__).parents[4] / "schemas/openapi.json").read_text())
