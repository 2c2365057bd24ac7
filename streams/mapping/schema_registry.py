"""Schemas of a registry: asked for once by their id, by Confluent's client, and made into decoders.

Its deserialisers are not used: for Protobuf they want classes generated beforehand, and each message awaits
them. `fastavro` and `protobuf`, on which they stand, decode by a schema.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from models.contract.decoding import EventError
from streams.errors import RetentionError
from streams.mapping.formats import MAGIC, PREFIX_BYTES
from streams.mapping.schema_registry_access import Access
from streams.mapping.schemas import Decode, Resolved, Schema

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, RegisteredSchema
    from confluent_kafka.schema_registry import Schema as Found

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 10
_NOT_FOUND: Final = 404
_NOBODYS: Final = (1 << 31) - 1
_RETRY_SECONDS: Final = 1.0
_SAY_SECONDS: Final = 10.0


class RegistryUnavailable(RetentionError):
    """The schema registry does not answer, or refuses who asks."""

    exit_code = 3

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the schema registry at {url} does not answer as one ({reason})",
            "correct RETENTION_SCHEMA_REGISTRY, or what it asks for: RETENTION_SCHEMA_REGISTRY_AUTH "
            "(user:password), …_TOKEN or …_CERT_FILE",
        )


class SchemaUnknown(Exception):
    """A value's schema has not been asked for yet."""


class SchemaRegistry:
    """A registry's schemas."""

    def __init__(self, access: Access) -> None:
        self._access = access
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
        # Made anew each time: it remembers schemas by their id alone, not by the format asked for.
        async with self._client() as client:
            for number in missing:
                self._decoders[form, number] = await self._decoder(client, form, number)

    async def ask(self) -> None:
        """See whether it answers, and lets us in: it is asked for a schema that nobody has.

        Raises:
            RegistryUnavailable: it does not.
        """
        async with self._client() as client:
            await self._asked(client.get_schema(_NOBODYS))

    async def fetch_patiently(
        self, form: str, values: Iterable[bytes | None], wanted: Callable[[], bool]
    ) -> None:
        """As `fetch`, but wait for a registry that does not answer, as long as it is `wanted`."""
        values, said = list(values), -math.inf
        while wanted():
            try:
                await self.fetch(form, values)
            except RegistryUnavailable as error:
                if time.monotonic() - said >= _SAY_SECONDS:
                    log.warning("%s: trying again", error.message)
                    said = time.monotonic()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    def _client(self) -> "AsyncSchemaRegistryClient":
        from confluent_kafka.schema_registry import AsyncSchemaRegistryClient  # noqa: PLC0415 - most need none

        try:
            return AsyncSchemaRegistryClient(self._access.options())
        except (ValueError, ImportError, OSError) as error:  # files, and what the environment says of proxies
            raise self._unavailable(str(error)) from None

    async def _decoder(
        self, client: "AsyncSchemaRegistryClient", form: str, number: int
    ) -> Decode | EventError:
        fmt = "serialized" if form == "protobuf" else None
        schema = await self._asked(client.get_schema(number, fmt=fmt))
        if schema is None:
            return EventError("not_json", f"schema {number} is not in the registry")
        if schema.schema_type.lower() != form:
            return EventError("not_json", f"schema {number} is {schema.schema_type}, not {form}")
        imported: dict[str, Schema] = {}
        await self._import(client, schema, fmt, imported)
        try:
            return _maker(form)((schema, imported))
        except Exception as error:
            log.exception("schema %d cannot be used", number)
            return EventError("not_json", f"schema {number} cannot be used: {type(error).__name__}")

    async def _import(
        self,
        client: "AsyncSchemaRegistryClient",
        schema: Schema,
        fmt: str | None,
        imported: dict[str, Schema],
    ) -> None:
        for one in schema.references:
            if one.name not in imported:
                found = await self._asked(client.get_version(one.subject, one.version, fmt=fmt))
                if found is not None:
                    await self._import(client, found, fmt, imported)
                    imported[one.name] = found

    async def _asked(self, answer: "Awaitable[Found | RegisteredSchema]") -> Schema | None:
        from confluent_kafka.schema_registry import SchemaRegistryError  # noqa: PLC0415 - see `_client`

        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                found = await answer
            return msgspec.convert(found.to_dict(), Schema)
        except SchemaRegistryError as error:
            # A registry says by a code of its own what was not found; a page at a wrong address does not.
            if error.http_status_code == _NOT_FOUND and str(error.error_code).startswith(str(_NOT_FOUND)):
                return None
            raise self._unavailable(f"HTTP {error.http_status_code}") from None
        except Exception as error:  # noqa: BLE001 - its HTTP client's, of JSON, of what is no schema
            raise self._unavailable(str(error) or type(error).__name__) from None

    def _unavailable(self, reason: str) -> RegistryUnavailable:
        return RegistryUnavailable(self._access.url, reason)


def _maker(form: str) -> Callable[[Resolved], Decode]:
    # Imported when a schema of the form is met: who has none need not wait for them.
    if form == "avro":
        from streams.mapping.avro import decoder  # noqa: PLC0415

        return decoder
    from streams.mapping.protobuf import decoder as protobuf_decoder  # noqa: PLC0415

    return protobuf_decoder
