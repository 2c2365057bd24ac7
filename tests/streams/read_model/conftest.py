"""A real Redis, emptied before each test."""

import pytest
import redis as redis_py

from streams.local.redis import RedisServer
from tests.support.read_model_samples import program


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory):
    with RedisServer(program(), tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(shared_redis):
    """A client of the session's Redis, by which tests look at it."""
    with redis_py.Redis(port=shared_redis.port, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def url(shared_redis, redis):  # noqa: ARG001 - emptied
    return shared_redis.url
