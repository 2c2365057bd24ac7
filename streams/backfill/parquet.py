"""Rows of Parquet files, as Python holds them."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from streams.backfill.rows import Row, UnreadableRow
from streams.errors import RetentionError

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows that are turned into Python's objects at once.
_BATCH_ROWS: Final = 2_000


def parquet_rows(raw: IO[bytes]) -> Iterator[tuple[int, Row | UnreadableRow]]:
    """Give the rows of a Parquet file, which has to be seekable, with their numbers, from 1, without nulls.

    Raises:
        RetentionError: pyarrow is not installed, or it cannot read the file, or that names a column twice.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra: 50 MB that few need
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise RetentionError(
            "Parquet files need pyarrow, which is not installed",
            "it comes with `pip install retention-streams[parquet]`",
        ) from None
    name, number = getattr(raw, "name", "the file"), 0
    try:
        with parquet.ParquetFile(raw) as file:
            columns = file.schema_arrow.names
            if len(set(columns)) < len(columns):
                raise RetentionError(f"{name} names a column twice: {', '.join(columns)}")
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in _rows(_plain(batch)):
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise RetentionError(f"{name} cannot be read: {error}") from None


def _rows(batch: "pa.RecordBatch") -> Iterator[Row | UnreadableRow]:
    """Give a batch's rows; where one cannot be one of Python's, one by one."""
    try:
        yield from map(_filled, _lists(batch))
    except (ValueError, OverflowError, LookupError):  # a year beyond 9999, a zone that there is not
        for number in range(batch.num_rows):
            yield _row(batch.slice(number, 1))


def _row(batch: "pa.RecordBatch") -> Row | UnreadableRow:
    try:
        [row] = _lists(batch)
    except (ValueError, OverflowError, LookupError) as error:
        shown = {name: _shown(batch.column(index)) for index, name in enumerate(batch.schema.names)}
        return UnreadableRow(msgspec.json.encode(shown), f"the row cannot be read: {error}")
    return _filled(row)


def _shown(column: "pa.Array") -> object:
    """Give the only cell of a column as JSON can hold it; null if it cannot."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        return column.cast(pa.string()).to_pylist()[0]
    except (pa.ArrowException, ValueError, LookupError):
        return None


def _lists(batch: "pa.RecordBatch") -> list[Row]:
    rows: list[Row] = batch.to_pylist(maps_as_pydicts="lossy")
    return rows


def _filled(row: Row) -> Row:
    """Leave out nulls, and what is no number: some writers have it for one that is missing."""
    return {name: cell for name, cell in row.items() if cell is not None and cell == cell}  # noqa: PLR0124


def _plain(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """Give columns of types that Python has."""
    import pyarrow as pa  # noqa: PLC0415

    for index, field in enumerate(batch.schema):
        wanted = _type(field.type)
        if not wanted.equals(field.type):
            try:
                column = batch.column(index).cast(wanted, safe=pa.types.is_binary(field.type))
            except pa.ArrowInvalid:  # bytes that are no text
                continue
            batch = batch.set_column(index, field.name, column)
    return batch


def _type(kind: Any) -> Any:  # noqa: ANN401 - types of pyarrow, which has no annotations
    """Give a type that Python has.

    Python's times, as the state's, know nothing finer than microseconds. Old writers do not say that bytes
    are text.
    """
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_type(kind.value_type)))
    if pa.types.is_binary(kind):
        return pa.string()
    if getattr(kind, "unit", None) != "ns":
        return kind
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.time64("us") if pa.types.is_time64(kind) else pa.duration("us")
