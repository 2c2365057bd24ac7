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
from streams.mapping.schema_registry_client import RegistryClient, RegistryUnavailable, RegistryWrong
from streams.mapping.schemas import Decode, Resolved, Schema

__all__ = ["RegistryUnavailable", "RegistryWrong", "SchemaRegistry", "SchemaUnknown", "require_extra"]

log = logging.getLogger(__name__)

#: The largest id there can be: no registry has a schema of it.
_UNUSED_ID: Final = (1 << 31) - 1
_RETRY_SECONDS: Final = 1.0
#: An unavailable registry is logged once in this time.
_LOG_SECONDS: Final = 10.0
#: Ids without a usable schema that are kept. Any producer can write four billion of them.
_MOST_UNUSABLE: Final = 1_000
#: Wrong answers are retried for this time: a proxy may give them while the registry starts.
_PATIENCE_SECONDS: Final = 60.0
#: Schemas that a schema imports, with those that these import.
_MOST_IMPORTS: Final = 200
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
        self._has_dropped = False

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
            if self._has_dropped:  # by another task, after this value's own `fetch`
                raise EventError("not_json", f"schema {number} cannot be used")
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
                self._has_dropped = True
                del self._decoders[key]

    async def fetch_with_retries(
        self, form: str, values: Iterable[bytes | None], wanted: Callable[[], bool]
    ) -> None:
        """Fetch the schemas of values; retry while the registry is unavailable and `wanted` holds.

        Raises:
            RegistryWrong: the server has responded for a minute, and never as a registry does.
        """
        values, logged, wrong_since = list(values), -math.inf, math.inf
        while wanted():
            try:
                await self.fetch(form, values)
            except RegistryUnavailable as error:
                now = time.monotonic()
                wrong_since = min(wrong_since, now) if isinstance(error, RegistryWrong) else math.inf
                if now - wrong_since > _PATIENCE_SECONDS:
                    raise
                if now - logged >= _LOG_SECONDS:
                    log.warning("%s: trying again", error.message)
                    logged = now
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
    try:
        resolved = await _fetch_resolved(client, form, number)
    except EventError as error:
        return error
    except RegistryWrong as error:
        await client.schema(_UNUSED_ID)  # raises if its answers about other schemas are wrong too
        return EventError("not_json", f"schema {number} cannot be read: {error.reason}")
    try:
        return _compile(form, resolved)
    except Exception as error:  # noqa: BLE001 - parsers of schemas raise errors of any kind
        # Escaped and without a traceback: the text is another program's, and commands show it.
        log.warning("schema %d cannot be used: %s: %.200a", number, type(error).__name__, str(error))
        return EventError("not_json", f"schema {number} cannot be used: {type(error).__name__}")


async def _fetch_resolved(client: RegistryClient, form: str, number: int) -> Resolved:
    """Return a schema with its imports.

    Raises:
        EventError: the registry does not have it, or it cannot be used.
        RegistryUnavailable: the registry does not respond as one.
    """
    serialized = "serialized" if form == "protobuf" else None
    schema = await client.schema(number, serialized)
    if schema is None:
        raise EventError("not_json", f"schema {number} is not in the registry")
    if schema.schema_type.lower() != form:
        raise EventError("not_json", f"schema {number} is {schema.schema_type}, not {form}")
    imports = _Imports(client, serialized)
    try:
        await imports.fetch(schema)
    except _InvalidImport as error:
        raise EventError("not_json", f"schema {number} cannot be used: {error}") from None
    return schema, imports.found


class _InvalidImport(Exception):
    """A schema imports itself, or too many others."""


class _Imports:
    """Fetches the schemas that a schema imports.

    Args:
        client: open connection to the registry.
        serialized: format in which the registry returns schemas.

    Attributes:
        found: name -> schema, each after those that it imports itself.
    """

    def __init__(self, client: RegistryClient, serialized: str | None) -> None:
        self.found: dict[str, Schema] = {}
        self._client = client
        self._serialized = serialized
        self._requested = 0

    async def fetch(self, schema: Schema, above: tuple[tuple[str, int], ...] = ()) -> None:
        """Fetch the imports of a schema.

        Args:
            schema: the schema.
            above: subject and version of it and of those that import it.

        Raises:
            _InvalidImport: it imports itself, or too many others.
        """
        for one in schema.references:
            if (one.subject, one.version) in above:
                raise _InvalidImport(f"{one.subject[:100]} version {one.version} imports itself")
            if one.name not in self.found:
                self._requested += 1
                if self._requested > _MOST_IMPORTS:
                    raise _InvalidImport(f"it imports more than {_MOST_IMPORTS} others")
                found = await self._client.version(one.subject, one.version, self._serialized)
                if found is not None:
                    await self.fetch(found, (*above, (one.subject, one.version)))
                    self.found[one.name] = found


def _compile(form: str, resolved: Resolved) -> Decode:
    # The modules are extras, and take 100 ms to import.
    if form == "avro":
        from streams.mapping import avro  # noqa: PLC0415

        return avro.decoder(resolved)
    from streams.mapping import protobuf  # noqa: PLC0415

    return protobuf.decoder(resolved)
