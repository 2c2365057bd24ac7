"""Records of files, and the mapping of each to events: the one way for `compute`, `load` and `map check`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from streams.backfill.field_check import FieldCheck, Notice
from streams.backfill.rows import Row, UnreadableRow
from streams.mapping.program import MappingResult
from streams.mapping.reader import Reader


class FileRecord(NamedTuple):
    """A line of a JSON lines file, or a row of a table.

    Attributes:
        file: file name.
        number: number of the line or row, from 1.
        content: the line without spaces around it; the row; or why the row cannot be read.
    """

    file: str
    number: int
    content: bytes | Row | UnreadableRow


class MappedRecord(NamedTuple):
    """A record with its mapped events; None for a row that cannot be read."""

    record: FileRecord
    result: MappingResult | None


def map_records(
    records: Iterable[FileRecord], mapping: Reader, notice: Notice | None = None
) -> Iterator[MappedRecord]:
    """Yield every record with its events, and check that each file has the fields that the mapping needs.

    Args:
        records: records of the files, file by file.
        mapping: the mapping.
        notice: prints the fields that the mapping needs and that are null in every line.

    Raises:
        RetentionError: a file yields no event, and lacks a field that the mapping needs.
    """
    check: FieldCheck | None = None
    for record in records:
        if check is None or check.file != record.file:
            if check is not None:
                check.finish()
            check = FieldCheck(record.file, mapping, notice)
        content = record.content
        if isinstance(content, UnreadableRow):
            yield MappedRecord(record, None)
            continue
        result = mapping.map_record(content) if isinstance(content, bytes) else mapping.map_row(content)
        if not check.done:
            check.add(row_of(content, mapping), yields_event=bool(result.events))
        yield MappedRecord(record, result)
    if check is not None:
        check.finish()


def row_of(content: bytes | Row, mapping: Reader) -> Mapping[str, Any] | None:
    """Return a record without its envelope; None if it cannot be decoded or holds no row."""
    return mapping.row(content) if isinstance(content, bytes) else content
