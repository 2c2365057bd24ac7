"""Workers that other machines can reach need a token for personal data."""

import pytest

from streams.config.load import load
from streams.config.missing_token import missing_token_of


def missing_token(**flags):
    return missing_token_of(load(flags, {}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "::ffff:127.0.0.1"])
def test_worker_on_loopback_is_not_exposed(host):
    assert missing_token(host=host) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "nowhere.invalid"])
def test_worker_on_another_address_refuses_customers(host):
    found = missing_token(host=host)
    assert not found.serves_customers
    assert host in found.what
    assert "RETENTION_OPEN" in found.advice


def test_worker_with_a_token_is_not_exposed():
    assert missing_token(host="0.0.0.0", token="s3cret") is None


def test_open_worker_serves_customers():
    assert missing_token(host="0.0.0.0", open="true").serves_customers
