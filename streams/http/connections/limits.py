"""The limits of connections. docs/security.md lists them."""

import resource
from typing import Final, NamedTuple

#: Connections of all clients together.
MAX_CONNECTIONS: Final = 1000
#: Connections beyond the limits that wait for an answer at the same time (`spare`).
MAX_SPARE: Final = 100
#: Parts of the process's file descriptors that both may take. Kafka's clients need the others.
_SHARE_OF_DESCRIPTORS: Final = 4
_SPARE_SHARE_OF_DESCRIPTORS: Final = 8
#: Seconds until the headers of a request have arrived, and until the next request of an idle connection.
HEADER_SECONDS: Final = 20.0
#: Seconds in which the body of a request is read and ignored. No path takes one.
BODY_SECONDS: Final = 1.0
#: Seconds in which a client reads at least `WRITE_BYTES` of a response, or its last bytes.
WRITE_SECONDS: Final = 10
WRITE_BYTES: Final = 16 << 10
#: Seconds after which a connection makes room for a new one, if there are too many.
PROTECTED_SECONDS: Final = 30.0
#: Buffer of the kernel for unread responses of a connection, which doubles it. The default grows to 4 MB: a
#: client that never reads would go unnoticed for as long as that takes to fill.
SEND_BUFFER_BYTES: Final = 64 << 10
#: Headers of a request, and bytes of each header and of the first line.
MAX_HEADERS: Final = 64
MAX_HEADER_BYTES: Final = 8190


class ConnectionLimits(NamedTuple):
    """Maximum numbers of open connections.

    Attributes:
        total: of all clients.
        per_address: of one client.
        spare: connections beyond these limits that may wait for one answer each.
    """

    total: int
    per_address: int
    spare: int = MAX_SPARE


def limits_of(per_address: int) -> ConnectionLimits:
    """Return the limits of this process.

    Args:
        per_address: `RETENTION_CONNECTIONS_PER_ADDRESS`.
    """
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return ConnectionLimits(MAX_CONNECTIONS, per_address)
    total = max(1, min(MAX_CONNECTIONS, descriptors // _SHARE_OF_DESCRIPTORS))
    return ConnectionLimits(
        total, per_address, max(1, min(MAX_SPARE, descriptors // _SPARE_SHARE_OF_DESCRIPTORS))
    )
