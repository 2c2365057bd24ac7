"""Fixtures of the domain's tests."""

import pytest

from tests.support.partitions import Shop


@pytest.fixture
def shop():
    """A partition alone, without events."""
    return Shop()
