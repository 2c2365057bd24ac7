"""The address at which other workers reach this one."""

import socket
from typing import Final

from yarl import URL

from streams.config.load import Settings

#: A server that listens on one of these listens on all addresses. None of them can be connected to.
_ALL_ADDRESSES: Final = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - compared, not bound


def advertised_url(settings: Settings, port: int) -> str:
    """Return the URL of this worker for other workers, in the normal form that the assignment has too.

    `RETENTION_ADVERTISE` decides, else the address that the worker listens on. If it listens on all
    addresses, it is the address from which the worker connects to Kafka: in a cluster, the pod's address.

    Args:
        settings: settings of the worker.
        port: port that the worker listens on.
    """
    return str(URL(f"http://{settings.advertise or _bound_address(settings, port)}"))


def _bound_address(settings: Settings, port: int) -> str:
    host = settings.host
    if host in _ALL_ADDRESSES:
        host = _local_address_towards(settings.broker.split(",")[0])
    return f"[{host}]:{port}" if ":" in host and "[" not in host else f"{host}:{port}"


def _local_address_towards(server: str) -> str:
    """Return the local address of the route to a server (`host:port`). No packet is sent."""
    host, _, port = server.rpartition(":")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[
            0
        ]
        with socket.socket(family, kind) as route:
            route.connect(address)
            return str(route.getsockname()[0])
    except OSError:
        return socket.gethostname()
