"""Schemas as a registry returns them, and the type of their decoders."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

#: Decodes the bytes behind a value's framing.
Decode = Callable[[bytes], dict[str, Any]]


class Reference(Struct, frozen=True):
    """A schema that another one imports.

    Attributes:
        name: name under which it is imported.
        subject: subject of the registry that holds it.
        version: version of that subject.
    """

    name: str
    subject: str
    version: int


class Schema(Struct, frozen=True, rename="camel"):
    """One schema.

    Attributes:
        schema: text of the schema; for Protobuf, a serialised descriptor in base64.
        schema_type: AVRO, PROTOBUF or JSON.
        references: schemas that it imports.
    """

    schema: str
    schema_type: str = "AVRO"
    references: list[Reference] = field(default_factory=list)


#: A schema and name -> imported schema; a schema comes after those that it imports itself.
Resolved = tuple[Schema, Mapping[str, Schema]]
