"""Schemas as a registry gives them, and what is made of them."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

#: Decodes what follows the framing.
Decode = Callable[[bytes], dict[str, Any]]


class Reference(Struct, frozen=True):
    """Another schema that one imports."""

    name: str
    subject: str
    version: int


class Schema(Struct, frozen=True, rename="camel"):
    """What a registry says of an id.

    Attributes:
        schema: its text; Protobuf's as a serialised descriptor in base64.
        schema_type: Avro if left out.
        references: what it imports.
    """

    schema: str
    schema_type: str = "AVRO"
    references: list[Reference] = field(default_factory=list)


#: A schema with all that it imports, what is imported first.
Resolved = tuple[Schema, Mapping[str, Schema]]
