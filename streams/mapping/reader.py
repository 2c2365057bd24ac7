"""A mapping at work: from a record's value to events, with what else became of records counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from models.contract.decoding import MAX_BYTES, EventError
from models.contract.events import Event
from streams.mapping import expressions, formats
from streams.mapping.definition import Definition
from streams.mapping.expressions import SURROUNDINGS, Expression, Path
from streams.mapping.formats import Decode, Open, Record
from streams.mapping.program import MappingResult, Program
from streams.mapping.record_access import Rows, Shape
from streams.mapping.schema_registry import SchemaRegistry

_SHAPED: Final = frozenset({"json", "json-schema"})
_FRAMED: Final = frozenset({"avro", "protobuf"})


class MappedError(EventError):
    """A record of which not everything became an event.

    Attributes:
        events: what did.
    """

    def __init__(self, error: EventError, events: list[Event]) -> None:
        super().__init__(error.reason, error.message)
        self.events = events


class Reader:
    """Makes events of the records of one mapping.

    Args:
        definition: the mapping.
        registry: where the schemas are, for formats that need one.

    Attributes:
        anonymous: records of which an event was left out because nothing says whose it is.
        skipped: records that a condition of the mapping leaves out, by its name.
    """

    def __init__(self, definition: Definition, registry: SchemaRegistry | None = None) -> None:
        self.definition = definition
        self.anonymous = 0
        self.skipped: Counter[str] = Counter()
        self._registry = registry
        self._decode, self._open, self._program = self._compiled()
        self._rows: Program | None = None
        names = {path[0] for _, path in _reads(definition)}
        self._surround = formats.surroundings({str(name) for name in names if name in SURROUNDINGS})

    @property
    def name(self) -> str:
        """The mapping's."""
        return self.definition.name

    @property
    def surrounded(self) -> bool:
        """Whether it reads any of what surrounds a value."""
        return self._surround is not None

    @property
    def needs_schemas(self) -> bool:
        """Whether `prepare` has to be called with values before they are read."""
        return self.definition.format in _FRAMED

    async def prepare(self, values: Iterable[bytes | None], wanted: Callable[[], bool] | None = None) -> None:
        """Fetch the schemas of these values.

        Args:
            values: of records that are to be read.
            wanted: wait for a registry that does not answer as long as this holds; without it, raise.

        Raises:
            RegistryUnavailable: it does not answer, and nobody said to wait.
        """
        if self._registry is None or not self.needs_schemas:
            return
        if wanted is None:
            await self._registry.fetch(self.definition.format, values)
        else:
            await self._registry.fetch_patiently(self.definition.format, values, wanted)

    def outcome(self, value: bytes | None, record: Record | None = None) -> MappingResult:
        """Give all that becomes of a record; it never raises for what a record says."""
        if not value:  # a tombstone: compaction's business, nobody's event
            return MappingResult([], [])
        if len(value) > MAX_BYTES:
            return self._refused(EventError("too_large", f"{len(value)} bytes are more than {MAX_BYTES}"))
        try:
            opened = self._open(self._decode(value))
        except (ValueError, RecursionError) as error:  # msgspec's and ours are ValueErrors
            return self._refused(formats.refusal(error))
        if opened is None:
            return MappingResult([], [])
        row, operation = opened
        if self._surround is not None and record is not None:
            self._surround(row, record)
        outcome = self._program.run(row, operation)
        return self._counted(outcome) if outcome.anonymous or outcome.skipped is not None else outcome

    def _refused(self, error: EventError) -> MappingResult:
        return MappingResult([], [EventError(error.reason, f"mapping {self.name}: {error.message}")])

    def outcome_of_row(self, row: Mapping[str, Any]) -> MappingResult:
        """Give what becomes of a row that is decoded already, such as a file's: without an envelope."""
        if self._rows is None:
            self._rows = Program(self.definition, Rows())
        return self._counted(self._rows.run(dict(row)))

    def events(self, value: bytes | None, record: Record | None = None) -> list[Event]:
        """Give the events of a record.

        Raises:
            MappedError: a part of it, or all, could not become one. It holds what did: that counts.
        """
        outcome = self.outcome(value, record)
        if outcome.errors:
            raise MappedError(outcome.errors[0], outcome.events)
        return outcome.events

    def row(self, value: bytes | None) -> dict[str, Any] | None:
        """Give a record as it is, without its envelope, for people to look at; None: it holds no row."""
        try:
            found = self._decoded(value)
            opened = None if found is None else formats.opener(self.definition.envelope)(found)
        except (ValueError, RecursionError):
            return None
        return None if opened is None else {k: v for k, v in opened[0].items() if k not in SURROUNDINGS}

    def came_in(self, value: bytes | None, record: Record) -> dict[str, Any] | None:
        """Give a record for people to look at, with what is read of its envelope and of what is around it.

        None: it cannot be decoded, or there is nothing in it.
        """
        try:
            found = self._decoded(value)
        except (ValueError, RecursionError):
            return None
        if found is None:
            return None
        source = any(path[0] == "_source" for _, path in _reads(self.definition))
        seen = formats.shown(self.definition.envelope, found, source=source)
        if self._surround is not None:
            seen = dict(seen)
            self._surround(seen, record)
        return seen

    def _decoded(self, value: bytes | None) -> dict[str, Any] | None:
        """Decode all of a value, whatever of it the mapping reads."""
        decode = self._decode if self.needs_schemas else _unframed(formats.decode_json)
        return decode(value) if value else None

    def paths(self) -> list[Path]:
        """Give every path of the record that is read; of a list's elements, with a position."""
        found = []
        for each, path in _reads(self.definition):
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

    def _counted(self, outcome: MappingResult) -> MappingResult:
        if outcome.anonymous:
            self.anonymous += 1
        if outcome.skipped is not None:
            self.skipped[outcome.skipped] += 1
        return outcome

    def _compiled(self) -> tuple[Decode, Open, Program]:
        definition = self.definition
        if definition.format in _SHAPED and (shape := _shape(definition)) is not None:
            decode, opened = formats.shaped(definition, shape)
            program = Program(definition, shape)
        else:
            decode, opened = self._decoder(), formats.opener(definition.envelope)
            program = Program(definition, Rows())
        return (_unframed(decode) if definition.format == "json-schema" else decode), opened, program

    def _decoder(self) -> Decode:
        form, registry = self.definition.format, self._registry
        if form in _SHAPED:
            return formats.decode_json
        if registry is None:
            raise AssertionError("a mapping that needs schemas has a registry: `mappings.load` sees to it")
        return lambda value: registry.decode(form, value)


def _unframed(decode: Decode) -> Decode:
    """Take the registry's framing off JSON. Its schema says nothing that decoding needs."""

    def decode_framed(value: bytes) -> Any:  # noqa: ANN401 - JSON
        return decode(value[formats.PREFIX_BYTES :] if value[0] == formats.MAGIC else value)

    return decode_framed


def _shape(definition: Definition) -> Shape | None:
    """Give the shape of what a mapping reads; None: it needs all of a record."""
    if not all(expressions.compilable(one) for _, one in definition.expressions()):
        return None
    try:
        return Shape(path for _, path in _reads(definition))
    except ValueError:
        return None


def _reads(definition: Definition) -> list[tuple[Expression | None, Path]]:
    return [
        (each, path)
        for each, expression in definition.expressions()
        for path in expressions.paths(expression)
    ]
