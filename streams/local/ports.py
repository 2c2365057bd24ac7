"""Find free TCP ports on this machine."""

import os
import socket
from typing import Final

from streams.errors import BrokerError

#: Ports below the ephemeral ranges: no outgoing connection takes one while a server restarts.
PORT_RANGE: Final = range(20_000, 32_000)


def free_port(host: str = "127.0.0.1") -> int:
    """Return a random free port on `host`, outside the ephemeral range.

    Raises:
        BrokerError: no port of the range is free.
    """
    start = int.from_bytes(os.urandom(4)) % len(PORT_RANGE)
    for offset in range(len(PORT_RANGE)):
        port = PORT_RANGE[(start + offset) % len(PORT_RANGE)]
        if is_free(host, port):
            return port
    raise BrokerError(f"no free port on {host}")


def is_free(host: str, port: int) -> bool:
    """Return whether `port` of `host` can be bound."""
    try:
        bind(host, port)
    except OSError:
        return False
    return True


def bind(host: str, port: int) -> None:
    """Bind a port, and release it.

    Raises:
        OSError: the port cannot be bound.
    """
    with socket.socket() as probe:
        # As Java does: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
