"""The dry run of a mapping: counts and examples of the events of a sample, and fields that are not read."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct, field

from models.contract.decoding import EventError, check_time, decode, to_us
from models.contract.events import Event, Kind
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from streams.mapping import event_types, formats
from streams.mapping.places import Place, covered, place_of, places_in
from streams.mapping.program import MappingResult
from streams.mapping.reader import Reader
from streams.partitioner import tasks_of

_EXAMPLES: Final = 5
_LISTED: Final = 40


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


class RejectedRecords(Struct, kw_only=True):
    """One error, with the number of its records and the position of the first."""

    reason: str
    message: str
    records: int = 0
    partition: int = -1
    offset: int = -1


class UnusedFields(Struct):
    """A field that the mapping does not read."""

    path: Place
    records: int
    kind: str


class PartitionShare(Struct, kw_only=True):
    """One partition's share of the sample."""

    partition: int
    records: int = 0
    customers: int = 0
    in_place: int = 0


class Example(Struct, rename={"record": "came_in", "events": "became"}):
    """One record with its envelope, and its events. The JSON names are those of the first release."""

    partition: int
    offset: int
    record: Any
    events: list[dict[str, Any]]
    refused: str | None = None


class Report(Struct, kw_only=True):
    """The result of a dry run.

    Attributes:
        topic: topic of the sample.
        mapping: the mapping's name, or the kind of the contract's own events.
        records: number of records in the sample.
        events: event type -> number of events.
        refused: rejected records by reason and message, the most frequent first.
        skipped: `skip` condition -> number of records that it skips.
        anonymous: number of records with an event that names no customer.
        nothing: number of records with a row that no rule applies to.
        no_row: number of records without a row: tombstones, truncated tables.
        unread: fields that the mapping does not read.
        unseen: paths of the mapping that are absent in every record.
        earliest: time of the first event.
        latest: time of the last event.
        partitions: share of each partition in the sample.
        scattered: number of customers in several partitions: some of their facts are forwarded.
        examples: one record for each kind of result.
    """

    topic: str
    mapping: str
    records: int = 0
    events: dict[str, int] = field(default_factory=dict)
    refused: list[RejectedRecords] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    anonymous: int = 0
    nothing: int = 0
    no_row: int = 0
    unread: list[UnusedFields] = field(default_factory=list)
    unseen: list[Place] = field(default_factory=list)
    earliest: str | None = None
    latest: str | None = None
    partitions: list[PartitionShare] = field(default_factory=list)
    scattered: int = 0
    examples: list[Example] = field(default_factory=list)


def dry_run_of(
    topic: str,
    reads: Reader | Kind,
    records: Sequence[Sampled],
    *,
    definitions: Definitions,
    tasks: int,
    wall_us: int,
) -> Report:
    """Map a sample of records, and return the report.

    Args:
        topic: topic of the sample.
        reads: mapping whose schemas are prepared, or kind of the contract's own events.
        records: the sample.
        definitions: definitions with the rates and the horizon.
        tasks: number of tasks of the group.
        wall_us: wall clock, microseconds since the epoch.
    """
    taken = _Tally(topic, reads, tasks)
    for record in records:
        taken.add(record, _checked(_outcome(reads, record), definitions, wall_us), _row(reads, record))
    return taken.report()


class _Tally:
    """Counts of the records added so far."""

    def __init__(self, topic: str, reads: Reader | Kind, tasks: int) -> None:
        name = reads.name if isinstance(reads, Reader) else reads
        self._report = Report(topic=topic, mapping=name)
        self._reads = reads
        self._read = _paths_read(reads)
        self._tasks = tasks
        self._events: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._refused: dict[tuple[str, str], RejectedRecords] = {}
        self._fields: Counter[Place] = Counter()
        self._kinds: dict[Place, str] = {}
        self._customers: defaultdict[int, set[str]] = defaultdict(set)
        self._records: Counter[int] = Counter()
        self._times: list[Event] = []
        self._shown: set[tuple[object, ...]] = set()

    def add(self, record: Sampled, outcome: MappingResult, row: Mapping[str, Any] | None) -> None:
        """Count one record."""
        self._records[record.partition] += 1
        self._events.update(_type(event) for event in outcome.events)
        self._times += outcome.events
        self._customers[record.partition] |= {event.customer_id for event in outcome.events}
        for error in outcome.errors[:1]:
            one = self._refused.setdefault(
                (error.reason, error.message),
                RejectedRecords(
                    reason=error.reason,
                    message=error.message,
                    partition=record.partition,
                    offset=record.offset,
                ),
            )
            one.records += 1
        if outcome.skipped is not None:
            self._skipped[outcome.skipped] += 1
        self._report.anonymous += outcome.anonymous
        idle = not (outcome.events or outcome.errors or outcome.anonymous or outcome.skipped)
        self._report.nothing += idle and row is not None
        self._report.no_row += idle and row is None
        for place, kind in set(places_in(row or {})):
            self._fields[place] += 1
            self._kinds.setdefault(place, kind)
        self._show(record, outcome, row)

    def _show(self, record: Sampled, outcome: MappingResult, row: Mapping[str, Any] | None) -> None:
        refused = next((str(error) for error in outcome.errors), None)
        types = tuple(map(_type, outcome.events))
        alike = (types, refused, outcome.skipped, outcome.anonymous, row is None)
        if alike in self._shown or len(self._shown) == _EXAMPLES:
            return
        self._shown.add(alike)
        events = [_fields_of(event) for event in outcome.events]
        why = refused or _why_not(outcome, row)
        self._report.examples.append(
            Example(record.partition, record.offset, _readable(self._reads, record), events, why)
        )

    def report(self) -> Report:
        """Return the report of all records."""
        report = self._report
        report.records = self._records.total()
        report.events = dict(self._events.most_common())
        report.skipped = dict(self._skipped.most_common())
        report.refused = sorted(self._refused.values(), key=lambda one: -one.records)
        report.unread = [
            UnusedFields(place, count, self._kinds[place])
            for place, count in sorted(self._fields.items(), key=lambda item: (-item[1], item[0]))
            if not covered(place, self._read)
        ][:_LISTED]
        report.unseen = sorted(path for path in self._read if not covered(path, self._fields))
        times = sorted(event.time for event in self._times)
        if times:
            report.earliest, report.latest = (
                times[end].astimezone(UTC).isoformat(timespec="seconds") for end in (0, -1)
            )
        report.partitions = [self._partition_share(number) for number in sorted(self._records)]
        seen = Counter(customer for customers in self._customers.values() for customer in customers)
        report.scattered = sum(count > 1 for count in seen.values())
        return report

    def _partition_share(self, number: int) -> PartitionShare:
        customers = self._customers[number]
        tasks = tasks_of([customer.encode() for customer in customers], self._tasks) if customers else []
        return PartitionShare(
            partition=number,
            records=self._records[number],
            customers=len(customers),
            in_place=tasks.count(number % self._tasks),
        )


def _outcome(reads: Reader | Kind, record: Sampled) -> MappingResult:
    if isinstance(reads, Reader):
        return reads.map_record(record.value, record)
    try:
        return MappingResult([decode(reads, record.value)], [])
    except EventError as error:
        return MappingResult([], [error])


def _checked(outcome: MappingResult, definitions: Definitions, wall_us: int) -> MappingResult:
    """Move events that a worker would reject from the result's events to its errors."""
    good: list[Event] = []
    for event in outcome.events:
        try:
            check_time(
                type(event),
                to_us(event.time),
                wall_us=wall_us,
                now_us=wall_us,
                definitions=definitions,
            )
            facts_of(event, definitions)
        except EventError as error:
            outcome.errors.append(error)
        else:
            good.append(event)
    outcome.events = good
    return outcome


def _row(reads: Reader | Kind, record: Sampled) -> Mapping[str, Any] | None:
    if isinstance(reads, Reader):
        return reads.row(record.value)
    try:
        return formats.decode_json(record.value or b"")
    except (ValueError, RecursionError):
        return None


def _readable(reads: Reader | Kind, record: Sampled) -> object:
    """Return a record for people: text if it cannot be decoded, None for a tombstone."""
    found = reads.readable(record.value, record) if isinstance(reads, Reader) else _row(reads, record)
    return found if found is not None or record.value is None else record.value.decode(errors="replace")


def _paths_read(reads: Reader | Kind) -> set[Place]:
    if isinstance(reads, Reader):
        return {place_of(path) for path in reads.paths()}
    names = event_types.of_kind(reads)
    return {field for name in names for field in event_types.FIELDS[name]} | {"type", "items"}


def _type(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _fields_of(event: Event) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(event).items() if value is not None}


def _why_not(outcome: MappingResult, row: Mapping[str, Any] | None) -> str | None:
    if outcome.skipped is not None:
        return f"skipped: {outcome.skipped}"
    if outcome.anonymous:
        return "anonymous: nothing says whose it is"
    if outcome.events:
        return None
    return "nothing: it holds no row" if row is None else "nothing: no rule is about it"
