"""Clients are told apart by their address, behind a proxy too."""

import pytest

from streams.http.client_address import client_of


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
    ],
)
def test_client_is_an_address_or_an_ipv6_network(address, client):
    assert client_of(address) == client
