"""The examples in docstrings of configuration, errors and mappings are run."""

import doctest

import pytest

from streams import errors
from streams.config import load
from streams.mapping import expressions, mappings


@pytest.mark.parametrize("module", [errors, load, expressions, mappings])
def test_docstring_examples_hold(module):
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.attempted
    assert found.failed == 0
