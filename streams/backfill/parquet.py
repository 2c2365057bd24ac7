"""Read the rows of Parquet files as Python objects."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from streams.backfill.rows import OnColumns, Row, UnreadableRow, ignore_columns
from streams.errors import RetentionError, missing_extra

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows converted to Python objects at a time.
_BATCH_ROWS: Final = 2_000


def parquet_rows(
    raw: IO[bytes], on_columns: OnColumns = ignore_columns
) -> Iterator[tuple[int, Row | UnreadableRow]]:
    """Yield the rows of a Parquet file with their numbers, from 1. Nulls and NaN are absent cells.

    Args:
        raw: the file; it must be seekable.
        on_columns: receives the columns; may raise a `RetentionError`.

    Raises:
        RetentionError: pyarrow is missing, the file is not valid Parquet, or a column name is not unique.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra: 50 MB that few need
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise missing_extra("reading Parquet", "pyarrow", "parquet") from None
    name, number = getattr(raw, "name", "the file"), 0
    try:
        with parquet.ParquetFile(raw) as file:
            columns = file.schema_arrow.names
            if len(set(columns)) < len(columns):
                raise RetentionError(f"{name}: column names are not unique: {', '.join(columns)}")
            on_columns(columns)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in _rows(_with_python_types(batch)):
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise RetentionError(f"{name} cannot be read: {error}") from None


def _rows(batch: "pa.RecordBatch") -> Iterator[Row | UnreadableRow]:
    """Yield the rows of a batch. If one cannot be converted to Python objects, convert them one by one."""
    try:
        yield from map(_without_nulls, _to_python(batch))
    except (ValueError, OverflowError, LookupError):  # a year beyond 9999, an unknown time zone
        for number in range(batch.num_rows):
            yield _row(batch.slice(number, 1))


def _row(batch: "pa.RecordBatch") -> Row | UnreadableRow:
    try:
        [row] = _to_python(batch)
    except (ValueError, OverflowError, LookupError) as error:
        shown = {name: _shown(batch.column(index)) for index, name in enumerate(batch.schema.names)}
        return UnreadableRow(msgspec.json.encode(shown), f"the row cannot be read: {error}")
    return _without_nulls(row)


def _shown(column: "pa.Array") -> object:
    """Return the only cell of a column as text; None if it has no text form."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        return column.cast(pa.string()).to_pylist()[0]
    except (pa.ArrowException, ValueError, LookupError):
        return None


def _to_python(batch: "pa.RecordBatch") -> list[Row]:
    rows: list[Row] = batch.to_pylist(maps_as_pydicts="lossy")
    return rows


def _without_nulls(row: Row) -> Row:
    """Drop nulls, and NaN: some writers use it for a missing value."""
    return {name: cell for name, cell in row.items() if cell is not None and cell == cell}  # noqa: PLR0124


def _with_python_types(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """Cast the columns whose types Python does not have."""
    import pyarrow as pa  # noqa: PLC0415

    for index, field in enumerate(batch.schema):
        wanted = _python_type(field.type)
        if not wanted.equals(field.type):
            try:
                column = batch.column(index).cast(wanted, safe=pa.types.is_binary(field.type))
            except pa.ArrowInvalid:  # bytes that are not UTF-8
                continue
            batch = batch.set_column(index, field.name, column)
    return batch


def _python_type(kind: Any) -> Any:  # noqa: ANN401 - types of pyarrow, which has no annotations
    """Return the nearest type that Python has.

    Python's times, like those of the state, have microseconds at most. Old writers store text as bytes
    without a logical type.
    """
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_python_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_python_type(kind.value_type)))
    if pa.types.is_binary(kind):
        return pa.string()
    if getattr(kind, "unit", None) != "ns":
        return kind
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.time64("us") if pa.types.is_time64(kind) else pa.duration("us")
