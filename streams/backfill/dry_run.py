"""The dry run of a mapping on files: what `retention map check FILE` reports."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from models.contract.decoding import EventError
from models.definitions.definitions import Definitions
from streams.backfill.facts import decode_any
from streams.backfill.field_check import Notice
from streams.backfill.files import FileProgress, Format, read_records, rejection_of
from streams.backfill.records import FileRecord, map_records, row_of
from streams.backfill.rows import Row, UnreadableRow, native_event
from streams.mapping import formats
from streams.mapping.dry_run import MappedRecord, Tally, undecoded
from streams.mapping.dry_run_report import RecordPlace, Report
from streams.mapping.outcome_check import OutcomeCheck
from streams.mapping.program import MappingResult
from streams.mapping.reader import Reader


def dry_run_of_files(
    files: Sequence[str],
    file_format: Format | None,
    mapping: Reader | None,
    definitions: Definitions,
    *,
    wall_us: int,
    limit: int | None,
    progress: FileProgress,
    notice: Notice,
) -> Report:
    """Map the records of files, and return the report. Nothing is sent or written.

    Ages are measured from the latest valid event so far, as `retention compute` measures them.

    Args:
        files: file names; `-` is standard input.
        file_format: format of all files; None derives it from each file's name.
        mapping: the mapping; None checks the contract's events.
        definitions: definitions with the rates and the horizon.
        wall_us: wall clock, microseconds since the epoch.
        limit: largest number of records; None reads all.
        progress: receives the position in the files.
        notice: prints what is unusual about a file.

    Raises:
        RetentionError: a file cannot be read, or lacks a field that its events need.
    """
    records = islice(read_records(files, progress, file_format, mapping, notice=notice), limit)
    tally = Tally(", ".join(files), mapping, 1, definitions)
    check = OutcomeCheck(definitions, wall_us, event_clock=True)
    for record, outcome in _outcomes(records, mapping, notice):
        progress.events += len(outcome.events)
        tally.add(_mapped(record, check(outcome), mapping))
    return tally.report()


def _outcomes(
    records: Iterator[FileRecord], mapping: Reader | None, notice: Notice
) -> Iterator[tuple[FileRecord, MappingResult]]:
    if mapping is None:
        yield from ((record, _native(record)) for record in records)
        return
    for record, result in map_records(records, mapping, notice):
        yield record, _unreadable(record) if result is None else result


def _native(record: FileRecord) -> MappingResult:
    content = record.content
    if isinstance(content, UnreadableRow):
        return _unreadable(record)
    value = content if isinstance(content, bytes) else native_event(content)
    try:
        return MappingResult([decode_any(value)], [])
    except EventError as error:
        return MappingResult([], [error])


def _unreadable(record: FileRecord) -> MappingResult:
    if not isinstance(record.content, UnreadableRow):
        raise TypeError("the row is readable")
    reason, message = rejection_of(record.content)
    if not message:
        return MappingResult([], [], skipped=reason)
    return MappingResult([], [EventError("invalid_field", message)])


def _mapped(record: FileRecord, outcome: MappingResult, mapping: Reader | None) -> MappedRecord:
    row = None if isinstance(record.content, UnreadableRow) else _row(record.content, mapping)
    position = RecordPlace(file=record.file, line=record.number)
    return MappedRecord(position, outcome, row, partial(_readable, record, mapping))


def _row(content: bytes | Row, mapping: Reader | None) -> Mapping[str, Any] | None:
    if mapping is not None:
        return row_of(content, mapping)
    if not isinstance(content, bytes):
        return content
    try:
        return formats.decode_json(content)
    except (ValueError, RecursionError):
        return None


def _readable(record: FileRecord, mapping: Reader | None) -> object:
    """Return a record for people: the beginning of one that cannot be decoded."""
    content = record.content
    if isinstance(content, UnreadableRow):
        return undecoded(content.content) if content.problem else "the header again"
    if not isinstance(content, bytes):
        return content
    found = _row(content, mapping) if mapping is None else mapping.readable(content)
    return undecoded(content) if found is None else found
