"""JSON or CSV: what the asker wants, and how an answer is written in it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from models.query.parameters import Format

JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8; header=present"


def wanted(format: Format | None, accept: str) -> Format:  # noqa: A002 - the parameter's name
    """Return the format: the parameter's, else CSV where the header Accept prefers it."""
    if format is not None:
        return format
    return "csv" if _quality(accept, "text/csv") > _quality(accept, "application/json") else "json"


def _quality(accept: str, content_type: str) -> float:
    """Return the quality of a content type, 0 to 1; one named in full comes before a wildcard."""
    best = 0.0
    for part in accept.split(","):
        name, *parameters = (part_text.strip().lower() for part_text in part.split(";"))
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


def as_csv(kind: type[Struct], items: Iterable[bytes]) -> bytes:
    """Write items, each an object in JSON, as CSV (RFC 4180): a header, then a line each.

    What an item holds within another has its columns beside the rest; a list is in JSON in its cell.
    """
    columns = list(_columns(kind))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["_".join(path) for path in columns])
    for item in items:
        value = msgspec.json.decode(item)
        writer.writerow([_cell(value, path) for path in columns])
    return out.getvalue().encode()


def _columns(kind: type[Struct], prefix: Sequence[str] = ()) -> Iterator[tuple[str, ...]]:
    for name, hint in get_type_hints(kind).items():
        inner = _struct(hint)
        if inner is None:
            yield (*prefix, name)
        else:
            yield from _columns(inner, (*prefix, name))


def _struct(hint: Any) -> type[Struct] | None:  # noqa: ANN401 - whatever a type may be annotated with
    choices = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    for choice in choices:
        if isinstance(choice, type) and issubclass(choice, Struct):
            return choice
    return None


def _cell(value: Any, path: Sequence[str]) -> object:  # noqa: ANN401 - decoded JSON
    for name in path:
        if value is None:
            return ""
        value = value.get(name)  # None, too, where it was left out
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return "" if value is None else value
