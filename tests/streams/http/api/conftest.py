"""A session with a worker that has customers in memory, and the generated OpenAPI document."""

import json
from pathlib import Path

import pytest

from tests.support.api_worker import Worker


@pytest.fixture
async def session():
    async with Worker().served() as session:
        yield session


@pytest.fixture(scope="session")
def described():
    return json.loads((Path(__file__).parents[4] / "schemas/openapi.json").read_text())
