"""A client of schema registries: the two calls that decoding needs, over aiohttp.

No published client serves: Confluent's brings a second Kafka client and six further packages, and
`python-schema-registry-client` (2.6.1) has neither Protobuf nor references to imported schemas.
"""

import re
import ssl
import urllib.request
from base64 import b64encode
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct
from yarl import URL

from streams.config.renewed_context import renewed_context
from streams.config.schema_registry import RegistryAccess
from streams.errors import RetentionError
from streams.mapping.schemas import Schema
from streams.secret import redact

_TIMEOUT_SECONDS: Final = 10
_OK: Final = 200
_NOT_FOUND: Final = 404
#: Statuses of a registry that is there and may answer later: credentials are renewed, load goes down.
_LATER: Final = frozenset({401, 403, 407, 408, 425, 429})
_SERVER_ERROR: Final = 500
#: Largest answer, bytes. The largest schemas that registries accept have one megabyte.
_MOST_BYTES: Final = 4 * 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024
#: Characters of a redirect's address in a message.
_LONGEST_PLACE: Final = 200
_ACCEPT: Final = (
    "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json"
)


class RegistryUnavailable(RetentionError):
    """The schema registry does not respond, or rejects the credentials."""

    exit_code = 3

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the schema registry at {url} is not available ({reason})",
            "correct RETENTION_SCHEMA_REGISTRY, or its credentials: RETENTION_SCHEMA_REGISTRY_AUTH "
            "(user:password), …_TOKEN or …_CERT_FILE",
        )


class RegistryWrong(RegistryUnavailable):
    """The server responds, but not as a schema registry does.

    Attributes:
        reason: what is wrong with its answer.
    """

    def __init__(self, url: str, reason: str) -> None:
        RetentionError.__init__(
            self,
            f"the schema registry at {url} responds wrongly: {reason}",
            "set RETENTION_SCHEMA_REGISTRY to the address of the registry itself",
        )
        self.reason = reason


class _Problem(Struct):
    """The body of a registry's error response."""

    error_code: int


class RegistryClient:
    """An open connection to a schema registry; use as an asynchronous context manager.

    Args:
        access: address and credentials.
    """

    def __init__(self, access: RegistryAccess) -> None:
        self._access = access
        self._url = access.url.rstrip("/")

    async def __aenter__(self) -> Self:
        """Open a session.

        Raises:
            RegistryUnavailable: a certificate's file cannot be read any more.
        """
        try:
            connector = TCPConnector(ssl=_tls_context(self._access))
        except (OSError, ValueError) as error:
            raise RegistryUnavailable(self._access.url, str(error)) from None
        self._session = ClientSession(
            connector=connector,
            timeout=ClientTimeout(total=_TIMEOUT_SECONDS),
            headers={"Accept": _ACCEPT} | _authorization(self._access),
            proxy=_proxy(self._url),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        await self._session.close()

    async def schema(self, number: int, form: str | None = None) -> Schema | None:
        """Return the schema of an id; None if the registry does not have it.

        Args:
            number: id of the schema.
            form: `serialized` for Protobuf descriptors; None for the schema's own text.

        Raises:
            RegistryUnavailable: the registry does not respond as one.
        """
        return await self._get(f"/schemas/ids/{number}", {"format": form})

    async def version(self, subject: str, version: int, form: str | None = None) -> Schema | None:
        """Return a version of a subject; None if the registry does not have it.

        Raises:
            RegistryUnavailable: the registry does not respond as one.
        """
        path = f"/subjects/{quote(subject, safe='')}/versions/{version}"
        return await self._get(path, {"deleted": "false", "format": form})

    async def _get(self, path: str, parameters: dict[str, str | None]) -> Schema | None:
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        url = URL(f"{self._url}{path}{'?' if query else ''}{query}", encoded=True)
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                return self._schema(response, await self._body(response))
        except (ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise RegistryUnavailable(self._access.url, str(error) or type(error).__name__) from None

    async def _body(self, response: ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > _MOST_BYTES:
                raise self._wrong(f"its answer has more than {_MOST_BYTES // 1024 // 1024} MiB")
        return bytes(body)

    def _schema(self, response: ClientResponse, body: bytes) -> Schema | None:
        status = response.status
        if status == _OK:
            try:
                return msgspec.json.decode(body, type=Schema)
            except (ValueError, RecursionError):
                raise self._wrong("its answer holds no schema") from None
        # A registry names a missing schema by an error code of its own; a page at a wrong address does not.
        if status == _NOT_FOUND and _error_code(body).startswith(str(_NOT_FOUND)):
            return None
        if status in _LATER or status >= _SERVER_ERROR:
            raise RegistryUnavailable(self._access.url, f"HTTP {status}")
        location = response.headers.get("Location")
        raise self._wrong(f"HTTP {status}" + (f", a redirect to {_place(location)}" if location else ""))

    def _wrong(self, reason: str) -> RegistryWrong:
        return RegistryWrong(self._access.url, reason)


def _place(location: str) -> str:
    """Return an address without its query, which may hold a secret, and without its end if it is long."""
    address = re.split(r"[?#]", location, maxsplit=1)[0][:_LONGEST_PLACE]
    return redact("".join(one if one.isprintable() else "?" for one in address))


def _error_code(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body, type=_Problem).error_code)
    except (ValueError, RecursionError):
        return ""


def _tls_context(access: RegistryAccess) -> ssl.SSLContext:
    return renewed_context(
        (access.ca_file, access.cert_file, access.key_file), lambda: _loaded_context(access)
    )


def _loaded_context(access: RegistryAccess) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=access.ca_file)
    if access.cert_file is not None:
        # Without a password, OpenSSL would ask the terminal for one.
        context.load_cert_chain(access.cert_file, access.key_file, password="")
    return context


def _authorization(access: RegistryAccess) -> dict[str, str]:
    if access.auth is not None:
        return {"Authorization": f"Basic {b64encode(''.join(access.auth).encode()).decode()}"}
    return {} if access.token is None else {"Authorization": f"Bearer {''.join(access.token)}"}


def _proxy(url: str) -> str | None:
    """Return the URL of the proxy that the environment names, or None."""
    # aiohttp's `trust_env` would also send passwords of `.netrc`.
    address = urlsplit(url)
    if urllib.request.proxy_bypass(address.hostname or ""):
        return None
    return urllib.request.getproxies().get(address.scheme)
