"""Avro values, decoded by the schema that they were written with."""

import io
import json
from typing import Any, cast

import fastavro

from streams.mapping.schemas import Decode, Resolved


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
        fastavro.parse_schema(json.loads(one.schema), named_schemas=named)
    parsed = fastavro.parse_schema(json.loads(schema.schema), named_schemas=named)

    def decode(value: bytes) -> dict[str, Any]:
        found = fastavro.schemaless_reader(io.BytesIO(value), parsed, None)
        if not isinstance(found, dict):
            raise TypeError("the schema does not describe a record")
        return cast("dict[str, Any]", found)

    return decode
