"""The doctor's findings on the machine and on access to the worker."""

import pytest

from streams.config.load import load
from streams.operations.doctor import machine


def access(**flags):
    *_, found = machine.findings(load({"port": 0} | flags, {}), {})
    return found.level, found.what


@pytest.mark.parametrize(
    ("flags", "level", "text"),
    [
        ({}, "ok", "can be read by this machine only"),
        ({"host": "0.0.0.0", "token": "t"}, "ok", "can be read by clients with the token only"),
        ({"host": "0.0.0.0"}, "warn", "are refused: 0.0.0.0 is an address for other machines"),
        ({"host": "0.0.0.0", "open": "true"}, "warn", "every client that reaches 0.0.0.0 can read customers"),
    ],
)
def test_access_to_customers_is_reported(flags, level, text):
    found = access(**flags)
    assert found[0] == level
    assert text in found[1]


def test_short_token_is_a_warning_that_does_not_show_it():
    short = str([*machine.findings(load({"token": "t0ken"}, {}), {})])
    assert "the token has only 5 characters" in short
    assert "t0ken" not in short
    assert "characters" not in str([*machine.findings(load({"token": "t" * 16}, {}), {})])
