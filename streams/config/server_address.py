"""Parse `host:port` addresses. Every error names the part of the address that is wrong."""

import re
from typing import Final

_DEFAULT_KAFKA_PORT: Final = 9092
_LAST_PORT: Final = 65_535
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*://")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_KAFKA_EXAMPLE: Final = "expected bootstrap servers such as 127.0.0.1:9092,kafka-2:9092"
_EXAMPLE: Final = "expected host:port, such as 10.0.0.7:6066"
_HOST_PATTERN: Final = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


def bootstrap_servers(text: str) -> str:
    """Return bootstrap servers, each with its port, joined by commas.

    Example:
        >>> bootstrap_servers("kafka-1:9093, kafka-2")
        'kafka-1:9093,kafka-2:9092'
        >>> bootstrap_servers("http://kafka-1:9092")
        Traceback (most recent call last):
        ...
        ValueError: remove the scheme http://; expected bootstrap servers such as 127.0.0.1:9092,kafka-2:9092

    Args:
        text: addresses joined by commas; the port is 9092 where an address has none.

    Raises:
        ValueError: an address is invalid; the message names the wrong part.
    """
    addresses = [address.strip() for address in text.split(",")]
    servers = []
    for address in addresses:
        if problem := _problem(address, default_port=True):
            where = f"of {_shown(address)}, " if len(addresses) > 1 and address else ""
            raise ValueError(f"{where}{problem}; {_KAFKA_EXAMPLE}")
        host, port = _split(address)
        servers.append(f"{host}:{_DEFAULT_KAFKA_PORT if port is None else port}")
    return ",".join(servers)


def one_address(text: str) -> str:
    """Return an address with a host and a port.

    Raises:
        ValueError: the address is invalid; the message names the wrong part.
    """
    if problem := _problem(text, default_port=False):
        raise ValueError(f"{problem}; {_EXAMPLE}")
    return text


def host_names(text: str) -> tuple[str, ...]:
    """Return host names in lower case. `*.example.com` covers all names below `example.com`.

    Example:
        >>> host_names("retention.example.com, *.Svc")
        ('retention.example.com', '*.svc')

    Args:
        text: names joined by commas; empty for none.

    Raises:
        ValueError: a name is invalid.
    """
    names = tuple(name.strip().lower() for name in text.split(",")) if text else ()
    for name in names:
        if _HOST_PATTERN.fullmatch(name) is None:
            raise ValueError(
                f"{_shown(name)} is not a host name;"
                " expected names without a port, such as retention.example.com,*.example.org"
            )
    return names


def _split(address: str) -> tuple[str, str | None]:
    """Return host and port; the port is None if no colon follows the host."""
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        return address, None
    return host, port


def _problem(address: str, *, default_port: bool) -> str:
    """Return the wrong part of an address; empty if the address is valid."""
    if not address:
        return "an address is empty; remove the comma beside it"
    if scheme := _SCHEME.match(address):
        return f"remove the scheme {scheme[0]}"
    if "@" in address:
        return "remove the user and password: credentials have settings of their own"
    if any(character.isspace() for character in address):
        return "remove the space; commas separate addresses"
    for separator in "/;":
        if separator in address:
            return f"remove the `{separator}`; commas separate addresses"
    return _problem_of_parts(*_split(address), default_port=default_port)


def _problem_of_parts(host: str, port: str | None, *, default_port: bool) -> str:
    if not host:
        return "the host before the port is missing"
    if _HOST.fullmatch(host) is None:
        return _problem_of_host(host)
    if port is None and default_port:
        return ""
    if not port:
        return f"the port after {host}{'' if port is None else ':'} is missing"
    if _PORT.fullmatch(port) is None or not 1 <= int(port) <= _LAST_PORT:
        return f"the port {_shown(port)} is not a number from 1 to {_LAST_PORT}"
    return ""


def _problem_of_host(host: str) -> str:
    if re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", host):
        return "put the IPv6 address in brackets, such as [::1]:9092"
    return f"the host {_shown(host)} has a character that host names do not have"


def _shown(part: str) -> str:
    """Return a part for a message: without credentials, and at most 60 characters."""
    return repr(part.rpartition("@")[2][:60])
