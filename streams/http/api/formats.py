"""The formats of a response: JSON or CSV, chosen by parameter or by the header `Accept`."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from models.query.parameters import Format

JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8; header=present"

#: Begin of a cell that a spreadsheet evaluates: of the text, or after what separates cells or rows in the
#: spreadsheets of some countries. A comma separates nothing here, because text with a comma is quoted.
_FORMULA: Final = re.compile(r"""(^|[;\t\r\n])(?=[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20])""")


def negotiate(format: Format | None, accept: str) -> Format:  # noqa: A002 - the parameter's name
    """Return the format of a response.

    Args:
        format: value of the parameter `format`. If None, the header decides.
        accept: value of the header `Accept`. JSON wins unless CSV has a higher quality.
    """
    if format is not None:
        return format
    return "csv" if _quality(accept, "text/csv") > _quality(accept, "application/json") else "json"


def _quality(accept: str, content_type: str) -> float:
    """Return the quality of a content type, 0 to 1. A full name precedes a wildcard of equal quality."""
    best = 0.0
    for part in accept.split(","):
        name, *parameters = (field.strip().lower() for field in part.split(";"))
        if name in {content_type, "*/*", content_type.split("/", maxsplit=1)[0] + "/*"}:
            best = max(best, _weight(parameters) - (name != content_type) * 1e-6)
    return best


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def to_csv(kind: type[Struct], items: Iterable[bytes], *, exact: bool = False) -> bytes:
    """Return items as CSV (RFC 4180): a header, then one line per item.

    Fields of a nested object become columns (`risk_lateness`). Lists and dictionaries stay JSON. Ids and
    other text come from producers, so an apostrophe precedes what a spreadsheet would evaluate as a formula.

    Args:
        kind: class of the items, which names the columns.
        items: JSON objects.
        exact: whether text is written as it is, without the apostrophe.
    """
    columns = list(_columns(kind))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["_".join(path) for path in columns])
    for item in items:
        value = msgspec.json.decode(item)
        cells = [_cell(value, path) for path in columns]
        writer.writerow(cells if exact else map(_without_formula, cells))
    return out.getvalue().encode()


def _columns(kind: type[Struct], prefix: Sequence[str] = ()) -> Iterator[tuple[str, ...]]:
    for name, hint in get_type_hints(kind).items():
        inner = _nested(hint)
        if inner is None:
            yield (*prefix, name)
        else:
            yield from _columns(inner, (*prefix, name))


def _nested(hint: Any) -> type[Struct] | None:  # noqa: ANN401 - whatever a type may be annotated with
    choices = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    for choice in choices:
        if isinstance(choice, type) and issubclass(choice, Struct):
            return choice
    return None


def _cell(value: Any, path: Sequence[str]) -> object:  # noqa: ANN401 - decoded JSON
    for name in path:
        if value is None:
            return ""
        value = value.get(name)  # None if the field is omitted
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return "" if value is None else value


def _without_formula(cell: object) -> object:
    return _FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell
