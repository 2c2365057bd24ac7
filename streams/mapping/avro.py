"""Avro values, decoded by the schema that they were written with, within limits."""

import io
import json
from decimal import Decimal
from typing import Any, Final, cast

import fastavro
from fastavro.read import LOGICAL_READERS

from streams.mapping.avro_limits import AvroLimits
from streams.mapping.conversions import MOST_DECIMAL_BYTES
from streams.mapping.limits import MOST_LEVELS
from streams.mapping.schemas import Decode, Resolved

#: Objects and lists of JSON for each level of a schema: a field's type, the field, the list of fields.
_JSON_PER_LEVEL: Final = 3
_READ_DECIMAL: Final = LOGICAL_READERS["bytes-decimal"]


def _read_decimal(data: bytes, schema: Any, reader_schema: Any = None) -> Decimal:  # noqa: ANN401 - JSON
    """Return a decimal. A megabyte of digits would take minutes to convert."""
    if len(data) > MOST_DECIMAL_BYTES:
        raise ValueError(f"a decimal has more than {MOST_DECIMAL_BYTES} bytes")
    return cast("Decimal", _READ_DECIMAL(data, schema, reader_schema))


LOGICAL_READERS["bytes-decimal"] = LOGICAL_READERS["fixed-decimal"] = _read_decimal


def decoder(resolved: Resolved) -> Decode:
    """Return the decoder of a schema. Logical types become times, decimals and text.

    Args:
        resolved: the schema with its imports, as JSON.

    Raises:
        Exception: fastavro rejects the schema.
    """
    schema, imported = resolved
    named: dict[str, Any] = {}
    for one in imported.values():
        fastavro.parse_schema(_document(one.schema), named_schemas=named)
    parsed = fastavro.parse_schema(_document(schema.schema), named_schemas=named)
    limits = AvroLimits(parsed, named)

    def decode(value: bytes) -> dict[str, Any]:
        limits.check(value)
        found = fastavro.schemaless_reader(io.BytesIO(value), parsed, None)
        if not isinstance(found, dict):
            raise TypeError("the schema does not describe a record")
        return cast("dict[str, Any]", found)

    return decode


def _document(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a schema as JSON; fastavro follows its nesting without a limit of its own.

    Raises:
        ValueError: it is no JSON, or nested too deep.
    """
    document = json.loads(text)
    level, below = 0, [document]
    while below := [inner for one in below for inner in _parts(one)]:
        level += 1
        if level > _JSON_PER_LEVEL * MOST_LEVELS:
            raise ValueError(f"the schema is nested deeper than {MOST_LEVELS} levels")
    return document


def _parts(document: Any) -> Any:  # noqa: ANN401 - JSON
    return document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
