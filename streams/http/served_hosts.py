"""Checks the header `Host`, so that a page of another site cannot read a worker by DNS rebinding.

Such a page is loaded from a name of its site, whose address then changes to the worker's. For the browser,
the worker now belongs to the site, whatever the worker responds. Only the header shows the site's name.
"""

import re
import socket
from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.config.load import Settings
from streams.http.api.problem_errors import ProblemError
from streams.http.auth import is_public

#: Routes of other programs, which reach a worker by any name. They contain no customer.
_UNCHECKED_ROUTES: Final = frozenset({"/metrics", "/live", "/ready"})
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)


class ServedHosts:
    """The names by which a worker is reached.

    IP addresses need no entry: a site whose name changed its address has a name.

    Example:
        >>> hosts = ServedHosts(["retention.example.com", "*.svc"])
        >>> [name in hosts for name in ("127.0.0.1:6066", "shop.svc", "rebound.example.net")]
        [True, True, False]

    Args:
        names: host names in lower case; `*.example.com` for all below one.
    """

    def __init__(self, names: Iterable[str]) -> None:
        patterns = {"localhost", socket.gethostname().lower(), *names}
        self._names = {name for name in patterns if not name.startswith("*.")}
        self._suffixes = tuple(name[1:] for name in patterns if name.startswith("*."))

    def __contains__(self, header: str) -> bool:
        """Return whether a value of the header `Host` names this worker."""
        found = _HOST.fullmatch(header.strip().lower())
        if found is None:
            return False
        name = found[1].strip("[]").rstrip(".")
        return _is_address(name) or name in self._names or name.endswith(self._suffixes)


def served_hosts(settings: Settings) -> ServedHosts:
    """Return the names of a worker: of its settings `host`, `advertise` and `hosts`, and of its machine."""
    advertised = (settings.advertise or "").rpartition(":")[0]
    return ServedHosts([settings.host.lower(), advertised.lower(), *settings.hosts])


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def require_served_host(hosts: ServedHosts, *, has_token: bool) -> Middleware:
    """Return a middleware that responds with 421 to a request for another host.

    A request that needs the token has it by now. No page of another site knows the token, so its host is not
    checked.

    Args:
        hosts: the names by which the worker is reached.
        has_token: whether the worker requires a token.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not (has_token and not is_public(request)) and not _is_unchecked(request):
            for host in request.headers.getall("Host", ()):
                if host not in hosts:
                    raise _wrong_host(host)
        return await handler(request)

    return middleware


def _is_unchecked(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical in _UNCHECKED_ROUTES


def _wrong_host(host: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.MISDIRECTED_REQUEST,
        f"this worker does not serve the host {host[:100]!r}; RETENTION_HOSTS adds names",
    )
