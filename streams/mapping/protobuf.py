"""Protobuf, by the descriptor that a registry gives for the schema that a value was written with."""

import base64
import importlib
import re
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from google.protobuf import (  # the well-known types are in the pool once they are imported
    any_pb2,  # noqa: F401
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,  # noqa: F401
    empty_pb2,  # noqa: F401
    field_mask_pb2,  # noqa: F401
    message_factory,
    struct_pb2,  # noqa: F401
    timestamp_pb2,  # noqa: F401
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.message import Message

from streams.mapping.schemas import Decode, Resolved

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_MONEY: Final = "google.type.Money"
#: What any schema may import, though no registry has it under that name: file -> Python's module of it.
_KNOWN: Final = (
    (re.compile(r"(google/(?:type|api)/\w+)\.proto"), "{}"),
    (re.compile(r"(confluent/(?:type/|types/)?\w+)\.proto"), "confluent_kafka.schema_registry.{}"),
)
_WRAPPERS: Final = frozenset(
    message.full_name for message in wrappers_pb2.DESCRIPTOR.message_types_by_name.values()
)


def decoder(resolved: Resolved) -> Decode:
    """Make the decoder of a schema.

    Raises:
        Exception: the registry gives no serialised descriptor, or one that cannot be used.
    """
    schema, imported = resolved
    pool = descriptor_pool.DescriptorPool()
    for name, one in imported.items():
        _add(pool, name, one.schema)
    file = _add(pool, "schema.proto", schema.schema)
    classes: dict[tuple[int, ...], type[Message]] = {}

    def decode(value: bytes) -> dict[str, Any]:
        path, start = _indexes(value)
        if path not in classes:
            classes[path] = message_factory.GetMessageClass(_message(file, path))
        message = classes[path]()
        message.ParseFromString(value[start:])
        return _row(message)

    return decode


def _add(pool: descriptor_pool.DescriptorPool, name: str, serialised: str) -> FileDescriptor:
    proto = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(serialised, validate=True))
    proto.name = name
    for needed in proto.dependency:
        _add_known(pool, needed)
    pool.Add(proto)
    return pool.FindFileByName(name)


def _add_known(pool: descriptor_pool.DescriptorPool, name: str) -> None:
    """Add a well-known type's file and what that imports, if it is one that the pool lacks."""
    try:
        pool.FindFileByName(name)
    except KeyError:
        for pattern, module in _KNOWN:
            if matched := pattern.fullmatch(name):
                importlib.import_module(module.format(matched[1].replace("/", ".")) + "_pb2")
        known = descriptor_pb2.FileDescriptorProto()
        descriptor_pool.Default().FindFileByName(name).CopyToProto(known)
        for needed in known.dependency:
            _add_known(pool, needed)
        pool.Add(known)


def _indexes(value: bytes) -> tuple[tuple[int, ...], int]:
    """Read which message of the file follows, and where: the path of its positions, usually the first."""
    count, at = _zigzag(value, 0)
    if count == 0:
        return (0,), at
    path = []
    for _ in range(count):
        index, at = _zigzag(value, at)
        path.append(index)
    return tuple(path), at


def _zigzag(value: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = value[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return (result >> 1) ^ -(result & 1), at
        shift += 7


def _message(file: FileDescriptor, path: tuple[int, ...]) -> Descriptor:
    message: Descriptor = list(file.message_types_by_name.values())[path[0]]
    for index in path[1:]:
        message = message.nested_types[index]
    return message


def _row(message: Message) -> dict[str, Any]:
    """Give a message's fields; what can be told to be absent is nothing, what cannot has its default."""
    return dict(_fields(message))


def _fields(message: Message) -> Iterator[tuple[str, Any]]:
    for field in message.DESCRIPTOR.fields:
        if field.has_presence and not message.HasField(field.name):
            continue
        found = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value_field = field.message_type.fields_by_name["value"]
            yield field.name, {str(key): _value(value_field, one) for key, one in found.items()}
        elif field.is_repeated:
            yield field.name, [_value(field, one) for one in found]
        else:
            yield field.name, _value(field, found)


def _value(field: Any, found: Any) -> Any:  # noqa: ANN401 - a descriptor of either implementation, JSON
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(found)
        return found if named is None else named.name
    if field.message_type is None:
        return found
    name = field.message_type.full_name
    if name == _TIMESTAMP:
        return found.ToDatetime(tzinfo=UTC)
    if name == _MONEY:  # whole units and billionths: no path could add them up
        return _row(found) | {"amount": found.units + Decimal(found.nanos).scaleb(-9)}
    return found.value if name in _WRAPPERS else _row(found)
