"""The sockets that a server listens on."""

import asyncio
import errno
import socket
from typing import Any, Final

from streams.http.connections.limits import SEND_BUFFER_BYTES

#: Connections that wait to be accepted. The kernel limits them further (`net.core.somaxconn`).
_BACKLOG: Final = 1024


async def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of a host.

    Args:
        host: name or address.
        port: port; 0 takes any that is free.

    Raises:
        OSError: the host is unknown, or an address cannot be bound.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    failures: list[OSError] = []
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listening(family, address))
        except OSError as error:
            failures.append(error)
    # `localhost` may have an IPv6 address on a machine without IPv6.
    fatal = [error for error in failures if not sockets or error.errno != errno.EADDRNOTAVAIL]
    if fatal:
        for each in sockets:
            each.close()
        raise fatal[0]
    return sockets


def _listening(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # of accepted ones too
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
