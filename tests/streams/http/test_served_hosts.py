"""The names under which a worker serves."""

import pytest

from streams.http.served_hosts import ServedHosts

HOSTS = ServedHosts(["retention.example.com", "*.svc"])


@pytest.mark.parametrize(
    "host",
    [
        "retention.example.com",
        "Retention.Example.com.:443",
        "shop.svc",
        "a.shop.svc:6066",
        "localhost",
        "127.0.0.1",
        "10.1.2.3:6066",
        "[::1]:6066",
    ],
)
def test_name_of_the_worker_is_served(host):
    assert host in HOSTS


@pytest.mark.parametrize(
    "host",
    [
        "",
        "svc",
        ".svc.example.net",
        "example.com",
        "retention.example.com.example.net",
        "notretention.example.com",
        "example.net@127.0.0.1",
        "example.net:80@127.0.0.1",
        "127.0.0.1.example.net",
        "localhost, example.net",
        "2130706433",
        "0x7f.1",
        "::1",
    ],
)
def test_other_name_is_not_served(host):
    assert host not in HOSTS
