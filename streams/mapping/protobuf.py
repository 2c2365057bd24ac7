"""Protobuf values, decoded by the descriptor that a registry returns for the writer's schema."""

import base64
import importlib
import re
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from google.protobuf import (  # importing the well-known types adds them to the default pool
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

from streams.mapping import confluent_types
from streams.mapping.protobuf_limits import ProtobufLimits
from streams.mapping.schemas import Decode, Resolved

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_MONEY: Final = "google.type.Money"
#: Longest varint of 32 bits, bytes. Without this end, a number as long as the record takes minutes.
_VARINT_BYTES: Final = 5
#: Messages in a message of a schema's file: `protoc` itself accepts no more than 32.
_MOST_INDEXES: Final = 32
#: Files that any schema may import although no registry has them; `googleapis-common-protos` does.
_GOOGLE_COMMON: Final = re.compile(r"(google/(?:type|api)/\w+)\.proto")
_WRAPPERS: Final = frozenset(
    message.full_name for message in wrappers_pb2.DESCRIPTOR.message_types_by_name.values()
)


def decoder(resolved: Resolved) -> Decode:
    """Return the decoder of a schema.

    Args:
        resolved: the schema with its imports, as serialised descriptors.

    Raises:
        Exception: the schema is not a serialised descriptor, or protobuf rejects it.
    """
    schema, imported = resolved
    pool = descriptor_pool.DescriptorPool()
    for name, one in imported.items():
        _add(pool, name, one.schema)
    file = _add(pool, "schema.proto", schema.schema)
    known: dict[tuple[int, ...], tuple[type[Message], ProtobufLimits]] = {}

    def decode(value: bytes) -> dict[str, Any]:
        path, start = _message_path(value)
        if path not in known:
            descriptor = _message(file, path)
            known[path] = message_factory.GetMessageClass(descriptor), ProtobufLimits(descriptor)
        message_class, limits = known[path]
        content = value[start:]
        limits.check(content)
        message = message_class()
        message.ParseFromString(content)
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
    """Add a well-known file and its imports to a pool, unless it holds them already."""
    try:
        pool.FindFileByName(name)
    except KeyError:
        known = _known(name)
        for needed in known.dependency:
            _add_known(pool, needed)
        pool.Add(known)


def _known(name: str) -> descriptor_pb2.FileDescriptorProto:
    """Return the descriptor of a well-known file.

    Raises:
        KeyError: the file is not well-known.
    """
    if name in confluent_types.DESCRIPTORS:
        return descriptor_pb2.FileDescriptorProto.FromString(
            base64.b64decode(confluent_types.DESCRIPTORS[name])
        )
    if matched := _GOOGLE_COMMON.fullmatch(name):
        importlib.import_module(f"{matched[1].replace('/', '.')}_pb2")
    known = descriptor_pb2.FileDescriptorProto()
    descriptor_pool.Default().FindFileByName(name).CopyToProto(known)
    return known


def _message_path(value: bytes) -> tuple[tuple[int, ...], int]:
    """Return the index path of the message in its file, and the offset of its first byte.

    Raises:
        ValueError: a number is longer than 32 bits, negative, or leads deeper than messages are nested.
    """
    count, at = _read_zigzag(value, 0)
    if count == 0:
        return (0,), at
    if not 0 < count <= _MOST_INDEXES:
        raise ValueError("the path of the message has an impossible length")
    path = []
    for _ in range(count):
        index, at = _read_zigzag(value, at)
        if index < 0:
            raise ValueError("the path of the message has a negative index")
        path.append(index)
    return tuple(path), at


def _read_zigzag(value: bytes, at: int) -> tuple[int, int]:
    """Return the zigzag varint of 32 bits at an offset, and the offset behind it.

    Raises:
        ValueError: the number does not end within five bytes.
    """
    result = 0
    for number, byte in enumerate(value[at : at + _VARINT_BYTES]):
        result |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return (result >> 1) ^ -(result & 1), at + number + 1
    raise ValueError("a number of the message's path does not end")


def _message(file: FileDescriptor, path: tuple[int, ...]) -> Descriptor:
    message: Descriptor = list(file.message_types_by_name.values())[path[0]]
    for index in path[1:]:
        message = message.nested_types[index]
    return message


def _row(message: Message) -> dict[str, Any]:
    """Return a message's fields. Fields with presence are left out if unset; others have their default."""
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
    if name == _MONEY:  # no path could add whole units and billionths
        return _row(found) | {"amount": found.units + Decimal(found.nanos).scaleb(-9)}
    return found.value if name in _WRAPPERS else _row(found)
