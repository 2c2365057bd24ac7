"""The address by which requests and connections of one client are counted."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

#: A provider assigns a whole network of this prefix length to one IPv6 client.
_IPV6_PREFIX: Final = 64


@lru_cache(maxsize=1024)
def client_of(address: str) -> str:
    """Return the client of an address: the IPv4 address, or the IPv6 network of a subscriber.

    Example:
        >>> client_of("192.0.2.7"), client_of("2001:db8::1:2"), client_of("::ffff:192.0.2.7")
        ('192.0.2.7', '2001:db8::/64', '192.0.2.7')

    Args:
        address: IP address of a peer, as a socket returns it; another text is returned as it is.
    """
    try:
        ip = ip_address(address.partition("%")[0])  # an IPv6 address may have a zone
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    network = int(ip) >> (128 - _IPV6_PREFIX) << (128 - _IPV6_PREFIX)
    return f"{IPv6Address(network)}/{_IPV6_PREFIX}"
