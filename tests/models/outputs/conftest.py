"""Fixtures of the outputs' tests."""

import pytest

from tests.support.outputs import Town


@pytest.fixture
def town():
    """Partitions without events whose outputs are collected."""
    return Town()
