"""Schemas of a registry: asked for once by their id, and made into decoders.

Of a registry's API two calls are needed: `GET /schemas/ids/{id}` and, for what a schema imports,
`GET /subjects/{subject}/versions/{version}`. Those of Confluent, Redpanda and Karapace have them.

`fastavro` and `protobuf` decode by a schema; `confluent-kafka`, which stands on them, decodes Protobuf only
into classes that were generated beforehand. Its client of registries was tried (November 2026): 2.16.0 fails
on a schema with `metadata.tags` (their #2385), 2.16.1 asks for a certifi that is not to be had everywhere.
"""

import asyncio
import base64
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from models.decoding import EventError
from streams.errors import RetentionError
from streams.mapping.formats import MAGIC, PREFIX_BYTES

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 10
_ACCEPT: Final = "application/vnd.schemaregistry.v1+json, application/json"
_NOT_FOUND: Final = 404
_RETRY_SECONDS: Final = 1.0

#: Decodes what follows the framing.
Decode = Callable[[bytes], dict[str, Any]]


class Reference(Struct, frozen=True):
    """Another schema that one imports."""

    name: str
    subject: str
    version: int


class Schema(Struct, frozen=True, rename="camel"):
    """What a registry says of an id.

    Attributes:
        schema: its text; Protobuf's as a serialised descriptor in base64.
        schema_type: Avro if left out.
        references: what it imports.
    """

    schema: str
    schema_type: str = "AVRO"
    references: list[Reference] = field(default_factory=list)


#: A schema with all that it imports, what is imported first.
Resolved = tuple[Schema, Mapping[str, Schema]]


class RegistryUnavailable(RetentionError):
    """The schema registry does not answer, or refuses who asks."""

    exit_code = 3

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the schema registry at {url} does not answer as one ({reason})",
            "set RETENTION_SCHEMA_REGISTRY, and RETENTION_SCHEMA_REGISTRY_AUTH to user:password if it asks",
        )


class SchemaUnknown(Exception):
    """A value's schema has not been asked for yet."""


class Registry:
    """A registry's schemas.

    Args:
        url: where it is.
        auth: `user:password`, or none.
        ca_file: who certifies it; none: the system's authorities.
    """

    def __init__(self, url: str, auth: str | None = None, ca_file: Path | None = None) -> None:
        self._url = url.rstrip("/")
        self._ca_file = ca_file
        self._headers = {"Accept": _ACCEPT}
        if auth is not None:
            self._headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
        self._decoders: dict[tuple[str, int], Decode | EventError] = {}

    def decode(self, form: str, value: bytes) -> dict[str, Any]:
        """Decode a value by its schema.

        Args:
            form: `avro` or `protobuf`.
            value: with its framing.

        Raises:
            SchemaUnknown: `fetch` was not asked for it.
            EventError: `not_json`: it has no framing, no schema, or is not of its schema.
        """
        if len(value) < PREFIX_BYTES or value[0] != MAGIC:
            raise EventError("not_json", f"is no {form} in the schema registry's framing")
        number = int.from_bytes(value[1:PREFIX_BYTES])
        decoder = self._decoders.get((form, number))
        if decoder is None:
            raise SchemaUnknown(number)
        if isinstance(decoder, EventError):
            raise EventError(decoder.reason, decoder.message)
        try:
            return decoder(value[PREFIX_BYTES:])
        except Exception as error:  # noqa: BLE001 - decoders raise what they like for what they cannot read
            problem = f"is no {form} of schema {number}: {type(error).__name__}"
            raise EventError("not_json", problem) from None

    async def fetch(self, form: str, values: Iterable[bytes | None]) -> None:
        """Ask for the schemas of these values, as far as they are not known.

        Raises:
            RegistryUnavailable: it does not answer.
        """
        prefixes = {value[:PREFIX_BYTES] for value in values if value}
        numbers = {
            int.from_bytes(one[1:]) for one in prefixes if one[0] == MAGIC and len(one) == PREFIX_BYTES
        }
        missing = [number for number in sorted(numbers) if (form, number) not in self._decoders]
        if not missing:
            return
        import aiohttp  # noqa: PLC0415 - 100 ms, of which most commands have no need

        connector = aiohttp.TCPConnector(ssl=self._trusting())
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(
            headers=self._headers, timeout=timeout, connector=connector
        ) as session:
            for number in missing:
                self._decoders[form, number] = await self._decoder(session, form, number)

    async def fetch_patiently(
        self, form: str, values: Iterable[bytes | None], wanted: Callable[[], bool]
    ) -> None:
        """As `fetch`, but wait for a registry that does not answer, as long as it is `wanted`."""
        values = list(values)
        while wanted():
            try:
                await self.fetch(form, values)
            except RegistryUnavailable as error:
                log.warning("%s: trying again", error.message)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    def _trusting(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except ssl.SSLError:
            raise RegistryUnavailable(self._url, f"{self._ca_file} is no PEM") from None

    async def _decoder(self, session: "aiohttp.ClientSession", form: str, number: int) -> Decode | EventError:
        query = {"format": "serialized"} if form == "protobuf" else {}
        schema = await self._get(session, f"/schemas/ids/{number}", query)
        if schema is None:
            return EventError("not_json", f"schema {number} is not in the registry")
        if schema.schema_type.lower() != form:
            return EventError("not_json", f"schema {number} is {schema.schema_type}, not {form}")
        imported: dict[str, Schema] = {}
        await self._import(session, schema, query, imported)
        try:
            return _maker(form)((schema, imported))
        except Exception as error:
            log.exception("schema %d cannot be used", number)
            return EventError("not_json", f"schema {number} cannot be used: {type(error).__name__}")

    async def _import(
        self,
        session: "aiohttp.ClientSession",
        schema: Schema,
        query: Mapping[str, str],
        imported: dict[str, Schema],
    ) -> None:
        for one in schema.references:
            if one.name not in imported:
                subject = quote(one.subject, safe="")
                found = await self._get(session, f"/subjects/{subject}/versions/{one.version}", query)
                if found is not None:
                    await self._import(session, found, query, imported)
                    imported[one.name] = found

    async def _get(
        self, session: "aiohttp.ClientSession", path: str, query: Mapping[str, str]
    ) -> Schema | None:
        import aiohttp  # noqa: PLC0415 - see `fetch`

        try:
            async with session.get(self._url + path, params=query) as response:
                if response.status == _NOT_FOUND:
                    return None
                if not response.ok:
                    raise RegistryUnavailable(self._url, f"HTTP {response.status}")
                return msgspec.json.decode(await response.read(), type=Schema)
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
            raise RegistryUnavailable(self._url, str(error) or type(error).__name__) from None


def _maker(form: str) -> Callable[[Resolved], Decode]:
    # Imported when a schema of the form is met: who has none need not wait for them.
    if form == "avro":
        from streams.mapping.avro import decoder  # noqa: PLC0415

        return decoder
    from streams.mapping.protobuf import decoder as protobuf_decoder  # noqa: PLC0415

    return protobuf_decoder
