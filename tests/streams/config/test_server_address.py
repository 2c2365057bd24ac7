"""Addresses of servers, and which part of an invalid one is named."""

import pytest

from streams.config.load import load
from streams.config.server_address import bootstrap_servers, host_names, one_address
from streams.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("kafka", "kafka:9092"),
        ("a:1, b:2", "a:1,b:2"),
        ("[::1]:9093", "[::1]:9093"),
        ("[::1]", "[::1]:9092"),
        ("my_kafka.example:65535", "my_kafka.example:65535"),
    ],
)
def test_valid_servers_have_a_port_each(text, servers):
    assert bootstrap_servers(text) == servers


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://kafka:9092", "remove the scheme http://"),
        ("PLAINTEXT://kafka:9092", "remove the scheme PLAINTEXT://"),
        ("kafka:", "the port after kafka: is missing"),
        ("kafka:http", "the port 'http' is not a number from 1 to 65535"),
        ("kafka:0", "the port '0' is not a number"),
        ("kafka:99999", "the port '99999' is not a number"),
        ("kafka:\uff19\uff10\uff19\uff12", "is not a number from 1 to 65535"),
        (":9092", "the host before the port is missing"),
        ("kafka 1:9092", "remove the space; commas separate addresses"),
        ("a:1 b:2", "remove the space; commas separate addresses"),
        ("a:1;b:2", "remove the `;`; commas separate addresses"),
        ("kafka:9092/", "remove the `/`"),
        ("a:1,,b:2", "an address is empty"),
        ("a:1,", "an address is empty"),
        ("::1:9092", "put the IPv6 address in brackets"),
        ("kaf?ka:9092", "the host 'kaf?ka' has a character"),
        ("kafka-1:9092,kafka-2:x", "of 'kafka-2:x', the port 'x' is not"),
        ("shop:geheim@kafka:9092", "remove the user and password"),
    ],
)
def test_invalid_server_names_its_wrong_part(text, problem):
    with pytest.raises(ValueError, match="expected bootstrap servers such as") as caught:
        bootstrap_servers(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("worker", "the port after worker is missing"), ("a:1,b:2", "the host 'a:1,b' has a character")],
)
def test_single_address_needs_a_port(text, problem):
    with pytest.raises(ValueError, match="expected host:port, such as") as caught:
        one_address(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize("origin", ["flag --broker", "environment RETENTION_BROKER", "file"])
def test_wrong_part_is_named_for_every_origin(origin, tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text('broker = "kafka://a:1"' if origin == "file" else "")
    flags = {"broker": "kafka://a:1"} if origin.startswith("flag") else {}
    variables = {"RETENTION_BROKER": "kafka://a:1"} if origin.startswith("environment") else {}
    with pytest.raises(SettingsError) as caught:
        load({**flags, "config": str(config)}, variables)
    assert caught.value.source == (f"in {config}" if origin == "file" else origin)
    assert "remove the scheme kafka://" in caught.value.hint


def test_password_in_an_address_is_not_printed():
    with pytest.raises(SettingsError) as caught:
        load({}, {"RETENTION_BROKER": "a:1,shop:geheim@kafka:9092"})
    assert "geheim" not in str(caught.value)


def test_host_names_are_in_lower_case():
    assert host_names("Retention.example.com, *.svc") == ("retention.example.com", "*.svc")
    assert host_names("") == ()


@pytest.mark.parametrize("text", ["a,", "*", "*.", "a.*", "a:80", "http://a", "a b", "[::1]", "a/b"])
def test_invalid_host_name_is_explained(text):
    with pytest.raises(ValueError, match="is not a host name"):
        host_names(text)
