"""The behaviour of a worker without a token that other machines can reach."""

import socket
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from streams.config.load import Settings

_LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain"})


class MissingToken(Struct, frozen=True):
    """The behaviour of a worker without a token, in words for the log, the doctor and the live page.

    Attributes:
        serves_customers: whether every client may read customers, tickets and orders; else it refuses them.
        what: the behaviour without a token, one sentence.
        advice: the correction, for the operator.
    """

    serves_customers: bool
    what: str
    advice: str


def missing_token_of(settings: Settings) -> MissingToken | None:
    """Return the behaviour without a token; None with a token, or if only the own machine reaches the worker.

    Args:
        settings: the bound address, the token, and whether the API is open on purpose.
    """
    if settings.token is not None or _is_local(settings.host):
        return None
    if settings.open:
        return MissingToken(
            serves_customers=True,
            what=f"every client that reaches {settings.host} can read customers, tickets and orders,"
            " because RETENTION_OPEN is true and no token is set",
            advice="set RETENTION_TOKEN, unless only trusted clients reach this address",
        )
    return MissingToken(
        serves_customers=False,
        what=f"customers, tickets and orders are refused: {settings.host} is an address for other machines,"
        " and no token is set",
        advice="set RETENTION_TOKEN, or RETENTION_OPEN=true if only trusted clients reach this address",
    )


def _is_local(host: str) -> bool:
    """Return whether only programs of this machine can connect to a bound host."""
    if host.lower() in _LOCAL_NAMES:
        return True
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except OSError:
        return False  # it cannot be bound either
    return all(_is_loopback(str(address[0])) for *_, address in found)


def _is_loopback(address: str) -> bool:
    ip = ip_address(address.partition("%")[0])
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback
