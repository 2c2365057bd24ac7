"""Fixtures of the domain's tests."""

import pytest

from tests.support.partitions import Shop


@pytest.fixture
def shop():
    """Return a partition without events, and its clock."""
    return Shop()
