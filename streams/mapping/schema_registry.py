"""Decoders by schema: each schema is fetched once by its id, from a schema registry, and compiled.

`fastavro` and `protobuf` decode by a schema that is known only at run time. Both are extras, imported when
the first schema of their format is met.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any, Final

from models.contract.decoding import EventError
from streams.config.schema_registry import RegistryAccess
from streams.errors import missing_extra
from streams.mapping.formats import MAGIC, PREFIX_BYTES
from streams.mapping.schema_registry_client import RegistryClient, RegistryUnavailable
from streams.mapping.schemas import Decode, Resolved, Schema

__all__ = ["RegistryUnavailable", "SchemaRegistry", "SchemaUnknown", "require_extra"]

log = logging.getLogger(__name__)

#: The largest id there can be: no registry has a schema of it.
_UNUSED_ID: Final = (1 << 31) - 1
_RETRY_SECONDS: Final = 1.0
#: An unavailable registry is logged once in this time.
_LOG_SECONDS: Final = 10.0
#: Ids without a usable schema that are kept. Any producer can write four billion of them.
_MOST_UNUSABLE: Final = 1_000
#: Format -> module -> the package that holds it. The extra has the format's name.
_PACKAGES: Final = {
    "avro": {"fastavro": "fastavro"},
    "protobuf": {"google.protobuf": "protobuf", "google.type": "googleapis-common-protos"},
}


class SchemaUnknown(Exception):
    """The schema of a value has not been fetched."""


class SchemaRegistry:
    """The schemas of a registry, as decoders.

    Args:
        access: address and credentials of the registry.
    """

    def __init__(self, access: RegistryAccess) -> None:
        self._access = access
        self._decoders: dict[tuple[str, int], Decode | EventError] = {}

    def decode(self, form: str, value: bytes) -> dict[str, Any]:
        """Return a value, decoded by its schema.

        Args:
            form: `avro` or `protobuf`.
            value: bytes with the registry's framing.

        Raises:
            SchemaUnknown: the schema has not been fetched.
            EventError: `not_json`: the value has no framing or usable schema, or does not match its schema;
                `too_large`: it is beyond a limit of `limits`.
        """
        if len(value) < PREFIX_BYTES or value[0] != MAGIC:
            raise EventError("not_json", f"is not {form} in the schema registry's framing")
        number = int.from_bytes(value[1:PREFIX_BYTES])
        decoder = self._decoders.get((form, number))
        if decoder is None:
            raise SchemaUnknown(number)
        if isinstance(decoder, EventError):
            raise EventError(decoder.reason, decoder.message)
        try:
            return decoder(value[PREFIX_BYTES:])
        except EventError as error:  # beyond a limit
            raise EventError(error.reason, f"{form} of schema {number} {error.message}") from None
        except Exception as error:  # noqa: BLE001 - decoders raise many types for invalid bytes
            problem = f"is not {form} of schema {number}: {type(error).__name__}"
            raise EventError("not_json", problem) from None

    async def fetch(self, form: str, values: Iterable[bytes | None]) -> None:
        """Fetch the schemas of values, unless they are known.

        Args:
            form: `avro` or `protobuf`.
            values: record values, with their framing.

        Raises:
            RegistryUnavailable: the registry does not respond.
        """
        self._drop_unusable()
        missing = [number for number in _schema_ids(values) if (form, number) not in self._decoders]
        if not missing:
            return
        async with RegistryClient(self._access) as client:
            for number in missing:
                self._decoders[form, number] = await _fetch_decoder(client, form, number)

    def _drop_unusable(self) -> None:
        """Drop the ids without a usable schema if they are too many; a record asks for its own again."""
        if len(self._decoders) > _MOST_UNUSABLE:
            unusable = [key for key, found in self._decoders.items() if isinstance(found, EventError)]
            for key in unusable if len(unusable) > _MOST_UNUSABLE else ():
                del self._decoders[key]

    async def fetch_with_retries(
        self, form: str, values: Iterable[bytes | None], wanted: Callable[[], bool]
    ) -> None:
        """Fetch the schemas of values; retry while the registry is unavailable and `wanted` holds."""
        values, logged = list(values), -math.inf
        while wanted():
            try:
                await self.fetch(form, values)
            except RegistryUnavailable as error:
                if time.monotonic() - logged >= _LOG_SECONDS:
                    log.warning("%s: trying again", error.message)
                    logged = time.monotonic()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def check(self) -> None:
        """Request a schema that no registry has, to see whether the registry accepts the credentials.

        Raises:
            RegistryUnavailable: the registry does not respond, or rejects them.
        """
        async with RegistryClient(self._access) as client:
            await client.schema(_UNUSED_ID)


def require_extra(form: str) -> None:
    """Check that the packages of a format are installed.

    Raises:
        MissingExtra: a package is missing.
    """
    for module, package in _PACKAGES.get(form, {}).items():
        if not _installed(module):
            raise missing_extra(f"reading {form.capitalize()}", package, form)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of its parent package
        return False


def _schema_ids(values: Iterable[bytes | None]) -> list[int]:
    prefixes = {value[:PREFIX_BYTES] for value in values if value}
    return sorted(
        int.from_bytes(prefix[1:])
        for prefix in prefixes
        if prefix[0] == MAGIC and len(prefix) == PREFIX_BYTES
    )


async def _fetch_decoder(client: RegistryClient, form: str, number: int) -> Decode | EventError:
    """Return the decoder of a schema, or the error of every value that names this schema."""
    serialized = "serialized" if form == "protobuf" else None
    schema = await client.schema(number, serialized)
    if schema is None:
        return EventError("not_json", f"schema {number} is not in the registry")
    if schema.schema_type.lower() != form:
        return EventError("not_json", f"schema {number} is {schema.schema_type}, not {form}")
    imported: dict[str, Schema] = {}
    await _fetch_imports(client, schema, serialized, imported)
    try:
        return _compile(form, (schema, imported))
    except Exception as error:
        log.exception("schema %d cannot be used", number)
        return EventError("not_json", f"schema {number} cannot be used: {type(error).__name__}")


async def _fetch_imports(
    client: RegistryClient, schema: Schema, serialized: str | None, imported: dict[str, Schema]
) -> None:
    """Add the schemas that a schema imports to `imported`, each after those that it imports itself."""
    for one in schema.references:
        if one.name not in imported:
            found = await client.version(one.subject, one.version, serialized)
            if found is not None:
                await _fetch_imports(client, found, serialized, imported)
                imported[one.name] = found


def _compile(form: str, resolved: Resolved) -> Decode:
    # The modules are extras, and take 100 ms to import.
    if form == "avro":
        from streams.mapping import avro  # noqa: PLC0415

        return avro.decoder(resolved)
    from streams.mapping import protobuf  # noqa: PLC0415

    return protobuf.decoder(resolved)
