"""The dry run of a mapping: counts and examples of the events of records, and fields that are not read."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from msgspec import structs

from models.contract.decoding import EventError, decode
from models.contract.events import CustomerMerged, Event, Kind
from models.definitions.definitions import Definitions
from models.entities.line_currencies import LineCurrencies
from models.facts.event_conflicts import EventConflicts
from streams.mapping import formats
from streams.mapping.dry_run_report import (
    Example,
    PartitionShare,
    RecordPlace,
    RejectedRecords,
    Report,
)
from streams.mapping.expressions import SURROUNDINGS, Path
from streams.mapping.field_tally import FieldTally
from streams.mapping.identity_joins import IdentityJoins
from streams.mapping.outcome_check import OutcomeCheck
from streams.mapping.places import Place, covered, place_of
from streams.mapping.program import MappingResult
from streams.mapping.reader import Reader
from streams.mapping.requirements import described, hint, missing_fields
from streams.mapping.shown_values import partly_hidden, short_text, shortened
from streams.partitioner import tasks_of

_EXAMPLES: Final = 5
_LISTED: Final = 40
#: Parts of a shown Debezium record around the row.
_ROWS: Final = ("before.", "after.")
_ENVELOPE: Final = ("op", "ts_ms", "source")


class Sampled(formats.Record, Protocol):
    """A record with its position."""

    @property
    def value(self) -> bytes | None:
        """Value of the record."""

    @property
    def partition(self) -> int:
        """Partition of the record."""

    @property
    def offset(self) -> int:
        """Offset of the record."""


class MappedRecord(NamedTuple):
    """One record with its events.

    Attributes:
        position: where the record is.
        outcome: its events and errors.
        row: the record without its envelope; None if it holds no row or cannot be decoded.
        readable: returns the record for people.
    """

    position: RecordPlace
    outcome: MappingResult
    row: Mapping[str, Any] | None
    readable: Callable[[], object]


def dry_run_of(
    topic: str,
    reads: Reader | Kind,
    records: Sequence[Sampled],
    *,
    definitions: Definitions,
    tasks: int,
    check: OutcomeCheck,
) -> Report:
    """Map a sample of a topic's records, and return the report.

    Args:
        topic: topic of the sample.
        reads: mapping whose schemas are prepared, or kind of the contract's own events.
        records: the sample.
        definitions: definitions with the rates and the horizon.
        tasks: number of tasks of the group.
        check: checks the events as a worker would.
    """
    tally = Tally(topic, reads, tasks, definitions)
    for record in records:
        outcome = check(_outcome(reads, record))
        position = RecordPlace(partition=record.partition, offset=record.offset)
        tally.add(MappedRecord(position, outcome, _row(reads, record), partial(_readable, reads, record)))
    return tally.report()


class Tally:
    """Counts of the records added so far.

    Args:
        source: topic or files of the records.
        reads: mapping, kind of the contract's own events, or None for those of every kind.
        tasks: number of tasks of the group.
        definitions: definitions, by which contents of events are compared.
    """

    def __init__(
        self, source: str, reads: Reader | Kind | None, tasks: int, definitions: Definitions
    ) -> None:
        name = reads.name if isinstance(reads, Reader) else reads or "the events of the contract"
        self._report = Report(topic=source, mapping=name)
        self._reads = reads
        self._fields = FieldTally(reads)
        self._tasks = tasks
        self._conflicts = EventConflicts(definitions)
        self._lines = LineCurrencies(definitions)
        self._events: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._refused: dict[tuple[str, str], RejectedRecords] = {}
        self._null: set[Place] = set()
        self._customers: defaultdict[int, set[str]] = defaultdict(set)
        self._records: Counter[int] = Counter()
        self._earliest: datetime | None = None
        self._latest: datetime | None = None
        self._shown: set[tuple[object, ...]] = set()
        self._joins = IdentityJoins()

    def add(self, record: MappedRecord) -> None:
        """Count one record."""
        report, outcome, row = self._report, record.outcome, record.row
        report.records += 1
        for event in outcome.events:
            self._add_event(event)
        if isinstance(record.position.partition, int):
            self._records[record.position.partition] += 1
            self._customers[record.position.partition] |= {event.customer_id for event in outcome.events}
        for error in outcome.errors[:1]:
            self._add_error(error, record.position)
        if outcome.skipped is not None:
            self._skipped[outcome.skipped] += 1
        report.anonymous += outcome.anonymous
        report.unchanged += outcome.unchanged
        report.nothing += outcome.is_idle and row is not None
        report.no_row += outcome.is_idle and row is None
        self._fields.add(row or {})
        self._null |= {name for name, value in (row or {}).items() if value is None}
        self._show(record)

    def _add_event(self, event: Event) -> None:
        if isinstance(event, CustomerMerged):
            self._joins.add(event.customer_id, event.into)
        self._events[_type(event)] += 1
        self._conflicts.add(event)
        self._lines.add(event)
        time = event.time
        self._earliest = time if self._earliest is None else min(self._earliest, time)
        self._latest = time if self._latest is None else max(self._latest, time)

    def _add_error(self, error: EventError, position: RecordPlace) -> None:
        key = (error.reason, error.message)
        if key not in self._refused:
            where = structs.asdict(position)
            self._refused[key] = RejectedRecords(reason=error.reason, message=error.message, **where)
        self._refused[key].records += 1

    def _show(self, record: MappedRecord) -> None:
        outcome, row = record.outcome, record.row
        refused = next((str(error) for error in outcome.errors), None)
        types = tuple(map(_type, outcome.events))
        alike = (types, refused, outcome.skipped, outcome.anonymous, row is None)
        if alike in self._shown or len(self._shown) == _EXAMPLES:
            return
        self._shown.add(alike)
        readable = record.readable()
        self._report.examples.append(
            Example(
                record=readable if isinstance(readable, str) else partly_hidden(readable, self._is_read),
                events=[_fields_of(event) for event in outcome.events],
                refused=refused or _why_not(outcome, row),
                **structs.asdict(record.position),
            )
        )

    def _is_read(self, place: Place) -> bool:
        """Whether the mapping reads a place of a shown record, which may have its envelope."""
        for part in _ROWS:
            place = place.removeprefix(part)
        return place.startswith("_") or place.split(".")[0] in _ENVELOPE or self._fields.is_read(place)

    def report(self) -> Report:
        """Return the report of all records."""
        report = self._report
        report.events = dict(self._events.most_common())
        report.skipped = dict(self._skipped.most_common())
        report.refused = sorted(self._refused.values(), key=lambda one: -one.records)
        unread = self._fields.unread()
        report.unread = unread[:_LISTED]
        report.unseen = self._fields.unseen()
        report.missing = "" if self._events else self._missing()
        report.meant = self._fields.meant()
        report.earliest, report.latest = _text(self._earliest), _text(self._latest)
        report.conflicts = dict(self._conflicts.found.counts)
        report.conflicting = self._conflicts.found.examples
        lines = self._lines.left_out()
        report.other_currencies, report.other_currency = len(lines), next(iter(lines), "")
        report.partitions = [self._partition_share(number) for number in sorted(self._records)]
        seen = Counter(customer for customers in self._customers.values() for customer in customers)
        report.joined = self._joins.implausible()
        report.scattered = sum(count > 1 for count in seen.values())
        return report

    def _missing(self) -> str:
        if not isinstance(self._reads, Reader) or not self._fields.places:
            return ""
        missing = missing_fields(self._reads.definition, self._has, of_each=False)
        return " ".join(filter(None, [described(missing), hint(missing, self._fields.places)]))

    def _has(self, path: Path) -> bool:
        place = place_of(path)
        return path[0] in SURROUNDINGS or place in self._null or covered(place, self._fields.places)

    def _partition_share(self, number: int) -> PartitionShare:
        customers = self._customers[number]
        tasks = tasks_of([customer.encode() for customer in customers], self._tasks) if customers else []
        return PartitionShare(
            partition=number,
            records=self._records[number],
            customers=len(customers),
            in_place=tasks.count(number % self._tasks),
        )


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds")


def _outcome(reads: Reader | Kind, record: Sampled) -> MappingResult:
    if isinstance(reads, Reader):
        return reads.map_record(record.value, record)
    try:
        return MappingResult([decode(reads, record.value)], [])
    except EventError as error:
        return MappingResult([], [error])


def _row(reads: Reader | Kind, record: Sampled) -> Mapping[str, Any] | None:
    if isinstance(reads, Reader):
        return reads.row(record.value)
    try:
        return formats.decode_json(record.value or b"")
    except (ValueError, RecursionError):
        return None


def _readable(reads: Reader | Kind, record: Sampled) -> object:
    """Return a record for people: the beginning if it cannot be decoded, None for a tombstone."""
    found = reads.readable(record.value, record) if isinstance(reads, Reader) else _row(reads, record)
    return found if found is not None or record.value is None else undecoded(record.value)


def undecoded(value: bytes) -> str:
    """Return the beginning of a value that cannot be decoded, and its size."""
    return f"{short_text(value.decode(errors='replace'))} ({len(value):,} bytes)"


def _type(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _fields_of(event: Event) -> dict[str, Any]:
    fields = {name: value for name, value in msgspec.to_builtins(event).items() if value is not None}
    return {name: shortened(value) for name, value in fields.items()}


def _why_not(outcome: MappingResult, row: Mapping[str, Any] | None) -> str | None:
    if outcome.skipped is not None:
        return f"skipped: {outcome.skipped}"
    if outcome.anonymous:
        return "anonymous: nothing says whose it is"
    if outcome.unchanged:
        return "unchanged: a field that the event needs has a placeholder"
    if outcome.events:
        return None
    return "nothing: it holds no row" if row is None else "nothing: no rule is about it"
