"""Reads the records of one topic by a mapping: from a record's value to events."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from models.contract.decoding import MAX_BYTES, EventError
from models.contract.events import Event
from streams.mapping import expressions, formats, json_text
from streams.mapping.definition import Definition
from streams.mapping.expressions import SURROUNDINGS, Expression, Path
from streams.mapping.formats import Decode, Open, Opened, Record
from streams.mapping.placeholders import Placeholders
from streams.mapping.program import MappingResult, Program
from streams.mapping.record_access import Rows, Shape
from streams.mapping.schema_registry import SchemaRegistry, SchemaUnknown

log = logging.getLogger(__name__)

#: Formats that are JSON: only the mapped fields are decoded, where the expressions allow it.
_JSON_FORMATS: Final = frozenset({"json", "json-schema"})
#: Formats whose values name a schema of the registry.
_SCHEMA_FORMATS: Final = frozenset({"avro", "protobuf"})


class MappedError(EventError):
    """A record with an invalid part.

    Attributes:
        events: events of its valid parts.
    """

    def __init__(self, error: EventError, events: list[Event]) -> None:
        super().__init__(error.reason, error.message)
        self.events = events


class Reader:
    """Maps records to events by one mapping. Reading a record changes neither the reader nor the record.

    Args:
        definition: the mapping.
        registry: schema registry, for formats that need one.

    Attributes:
        definition: the mapping.
    """

    def __init__(self, definition: Definition, registry: SchemaRegistry | None = None) -> None:
        self.definition = definition
        self._registry = registry
        self._decode, self._open, self._program = self._compile()
        self._row_program: Program | None = None
        enveloped = definition.envelope != "none"
        self._placeholders = Placeholders(definition.placeholder, binary=enveloped)
        names = {path[0] for _, path in _paths(definition)}
        self._add_metadata = formats.metadata_setter({str(name) for name in names if name in SURROUNDINGS})

    @property
    def name(self) -> str:
        """Name of the mapping."""
        return self.definition.name

    @property
    def needs_metadata(self) -> bool:
        """Whether the mapping reads Kafka metadata: a record's key, headers, topic or timestamp."""
        return self._add_metadata is not None

    @property
    def needs_schemas(self) -> bool:
        """Whether `prepare` must be called with values before they are mapped."""
        return self.definition.format in _SCHEMA_FORMATS

    async def prepare(self, values: Iterable[bytes | None], wanted: Callable[[], bool] | None = None) -> None:
        """Fetch the schemas of these values.

        Args:
            values: values of the records that will be mapped.
            wanted: condition under which an unavailable registry is retried; without it, the error is raised.

        Raises:
            RegistryUnavailable: the registry does not respond, and `wanted` is None.
        """
        if self._registry is None or not self.needs_schemas:
            return
        if wanted is None:
            await self._registry.fetch(self.definition.format, values)
        else:
            await self._registry.fetch_with_retries(self.definition.format, values, wanted)

    def map_record(self, value: bytes | None, record: Record | None = None) -> MappingResult:
        """Return the events of a record. Invalid content is reported in the result, never raised.

        Args:
            value: value of the record.
            record: its Kafka metadata; needed if `needs_metadata`.
        """
        try:
            return self._mapped(value, record)
        except SchemaUnknown:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a record holds, it stops no worker
            return self._unmappable(error)

    def _mapped(self, value: bytes | None, record: Record | None) -> MappingResult:
        if not value:  # a tombstone, for compaction only
            return MappingResult([], [])
        if len(value) > MAX_BYTES:
            return self._rejected(EventError("too_large", f"{len(value)} bytes are more than {MAX_BYTES}"))
        try:
            if self._placeholders.may_be_in(value):
                opened, program = self._cleaned(value), self._rows
            else:
                opened, program = self._open(self._decode(value)), self._program
        except (ValueError, RecursionError) as error:  # errors of msgspec and of conversions are ValueErrors
            if (unquoted := self._unquoted(value)) is not None:
                return self._mapped(unquoted, record)
            return self._rejected(formats.decoding_error(error))
        if opened is None:
            return MappingResult([], [])
        row, operation = opened
        if self._add_metadata is not None and record is not None:
            self._add_metadata(row, record)
        return program.run(row, operation)

    def _cleaned(self, value: bytes) -> Opened | None:
        """Return the row of a record with placeholders, as a dictionary without them."""
        opened = formats.opener(self.definition.envelope)(self._decoded(value) or {})
        if opened is None:
            return None
        row, operation = opened
        return self._placeholders.cleaned(row), operation

    def _unquoted(self, value: bytes) -> bytes | None:
        """Return a JSON record without the quotes around its JSON; None if there are none."""
        if self.definition.format not in _JSON_FORMATS:
            return None
        framed = self.definition.format == "json-schema" and value[0] == formats.MAGIC
        return json_text.unquoted(value[formats.PREFIX_BYTES if framed else 0 :], self.definition.envelope)

    def _unmappable(self, error: Exception) -> MappingResult:
        """Return the result of a record that a conversion did not expect: a defect, but of one record."""
        log.debug("mapping %s", self.name, exc_info=error)
        return self._rejected(EventError("invalid_field", f"cannot be mapped: {type(error).__name__}"))

    def _rejected(self, error: EventError) -> MappingResult:
        return MappingResult([], [EventError(error.reason, f"mapping {self.name}: {error.message}")])

    def map_row(self, row: Mapping[str, Any]) -> MappingResult:
        """Return the events of a decoded row without an envelope, such as a row of a file."""
        try:
            if self._placeholders.are_in(row):
                row = self._placeholders.cleaned(row)
            return self._rows.run(row)
        except Exception as error:  # noqa: BLE001 - whatever a row holds, the others are read
            return self._unmappable(error)

    @property
    def _rows(self) -> Program:
        """The mapping compiled for dictionaries, when it is first needed."""
        if self._row_program is None:
            self._row_program = Program(self.definition, Rows())
        return self._row_program

    def events(self, value: bytes | None, record: Record | None = None) -> list[Event]:
        """Return the events of a record.

        Raises:
            MappedError: a part of the record is invalid. The error holds the events of the valid parts.
        """
        result = self.map_record(value, record)
        if result.errors:
            raise MappedError(result.errors[0], result.events)
        return result.events

    def row(self, value: bytes | None) -> dict[str, Any] | None:
        """Return a decoded record without its envelope; None if it cannot be decoded or holds no row."""
        try:
            found = self._decoded(value)
            opened = None if found is None else formats.opener(self.definition.envelope)(found)
        except (ValueError, RecursionError):
            return None
        return None if opened is None else {k: v for k, v in opened[0].items() if k not in SURROUNDINGS}

    def readable(self, value: bytes | None, record: Record | None = None) -> dict[str, Any] | None:
        """Return a decoded record for people, with the metadata and envelope parts that are mapped.

        Returns:
            the record; None if it cannot be decoded or is empty.
        """
        try:
            found = self._decoded(value)
        except (ValueError, RecursionError):
            return None
        if found is None:
            return None
        source = any(path[0] == "_source" for _, path in _paths(self.definition))
        shown = formats.shown(self.definition.envelope, found, source=source)
        if self._add_metadata is not None and record is not None:
            shown = dict(shown)
            self._add_metadata(shown, record)
        return shown

    def _decoded(self, value: bytes | None) -> dict[str, Any] | None:
        """Return the complete value, decoded, with the fields that the mapping does not read."""
        if not value:
            return None
        if self.needs_schemas:
            complete: dict[str, Any] = self._decode(value)
            return complete
        try:
            decoded: dict[str, Any] = _unframed(formats.decode_json)(value)
        except msgspec.ValidationError:
            unquoted = self._unquoted(value)
            if unquoted is None:
                raise
            return self._decoded(unquoted)
        return decoded

    def paths(self) -> list[Path]:
        """Return every path of the record that is read. Paths into a list's elements contain a position."""
        found = []
        for each, path in _paths(self.definition):
            if path[0] == "_item" and each is not None:
                found += [
                    above if each.path is None else (*above, 0, *path[1:])
                    for above in expressions.paths(each)
                ]
            elif path[0] == "_before":
                found.append(path[1:])
            elif path[0] not in SURROUNDINGS:
                found.append(path)
        return found

    def _compile(self) -> tuple[Decode, Open, Program]:
        definition = self.definition
        if definition.format in _JSON_FORMATS and (shape := _shape(definition)) is not None:
            decode, opened = formats.shaped(definition, shape)
            program = Program(definition, shape)
        else:
            decode, opened = self._decoder(), formats.opener(definition.envelope)
            program = Program(definition, Rows())
        return (_unframed(decode) if definition.format == "json-schema" else decode), opened, program

    def _decoder(self) -> Decode:
        form, registry = self.definition.format, self._registry
        if form in _JSON_FORMATS:
            return formats.decode_json
        if registry is None:
            raise AssertionError("`Mappings` compiles no mapping that lacks its registry")
        return lambda value: registry.decode(form, value)


def _unframed(decode: Decode) -> Decode:
    """Return a decoder of JSON with or without the registry's framing. Decoding JSON needs no schema."""

    def decode_framed(value: bytes) -> Any:  # noqa: ANN401 - JSON
        return decode(value[formats.PREFIX_BYTES :] if value[0] == formats.MAGIC else value)

    return decode_framed


def _shape(definition: Definition) -> Shape | None:
    """Return the struct shape of the fields that a mapping reads; None if it needs complete records."""
    if not all(expressions.compilable(one) for _, one in definition.expressions()):
        return None
    try:
        return Shape(path for _, path in _paths(definition))
    except ValueError:
        return None


def _paths(definition: Definition) -> list[tuple[Expression | None, Path]]:
    """Return every path that a mapping reads, with the list that its rule iterates."""
    return [
        (each, path)
        for each, expression in definition.expressions()
        for path in expressions.paths(expression)
    ]
