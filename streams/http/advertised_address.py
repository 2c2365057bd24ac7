"""At which address other workers reach this one."""

import socket
from typing import Final

from streams.config.load import Settings

#: Listening on all addresses is none that anybody could go to.
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - looked for, not bound


def advertised(settings: Settings, port: int) -> str:
    """Return the URL: of `RETENTION_ADVERTISE`, else of the address it listens on.

    Where it listens on all of them, it is the one from which Kafka is reached: in a cluster, its pod's.

    Args:
        settings: the worker's.
        port: that it listens on.
    """
    if settings.advertise is not None:
        return f"http://{settings.advertise}"
    host = settings.host
    if host in _EVERYWHERE:
        host = _towards(settings.broker.split(",")[0])
    return f"http://[{host}]:{port}" if ":" in host and "[" not in host else f"http://{host}:{port}"


def _towards(server: str) -> str:
    """Return the local address from which a server is reached. Nothing is sent for it."""
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
