"""Avro, by the schema that a value was written with."""

import io
import json
from typing import Any, cast

import fastavro

from streams.mapping.schemas import Decode, Resolved


def decoder(resolved: Resolved) -> Decode:
    """Make the decoder of a schema. Logical types become times, decimals and text.

    Raises:
        Exception: fastavro cannot use the schema.
    """
    schema, imported = resolved
    named: dict[str, Any] = {}
    for one in imported.values():
        fastavro.parse_schema(json.loads(one.schema), named_schemas=named)
    parsed = fastavro.parse_schema(json.loads(schema.schema), named_schemas=named)

    def decode(value: bytes) -> dict[str, Any]:
        found = fastavro.schemaless_reader(io.BytesIO(value), parsed, None)
        if not isinstance(found, dict):
            raise TypeError("the schema is of no record")
        return cast("dict[str, Any]", found)

    return decode
