"""Limits of Protobuf values: the path of the message, depth, number of values; and that valid ones pass."""

import base64
import time

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from models.contract.decoding import EventError
from streams.mapping import protobuf, protobuf_limits
from streams.mapping.schemas import Schema

KINDS = descriptor_pb2.FieldDescriptorProto
#: The path of the file's first message.
FIRST = b"\x00"


@pytest.fixture(scope="module")
def file():
    """A tree of orders, with lines of ten fields, packed numbers, and an extension."""
    file = descriptor_pb2.FileDescriptorProto(name="schema.proto", package="shop", syntax="proto2")
    order = file.message_type.add(name="Order")
    add = order.field.add
    add(name="id", number=1, type=KINDS.TYPE_STRING, label=1)
    add(name="lines", number=2, type=KINDS.TYPE_MESSAGE, type_name=".shop.Line", label=3)
    add(name="parent", number=3, type=KINDS.TYPE_MESSAGE, type_name=".shop.Order", label=1)
    add(name="sizes", number=4, type=KINDS.TYPE_INT64, label=3).options.packed = True
    add(name="group", number=5, type=KINDS.TYPE_GROUP, type_name=".shop.Line", label=3)
    order.extension_range.add(start=100, end=200)
    line = file.message_type.add(name="Line")
    for number in range(1, 11):
        line.field.add(name=f"f{number}", number=number, type=KINDS.TYPE_INT32, label=1)
    more = file.extension.add(name="more", number=100, type=KINDS.TYPE_MESSAGE, label=3)
    more.type_name, more.extendee = ".shop.Line", ".shop.Order"
    return file


@pytest.fixture(scope="module")
def decode(file):
    return protobuf.decoder((Schema(base64.b64encode(file.SerializeToString()).decode(), "PROTOBUF"), {}))


@pytest.fixture(scope="module")
def order(file):
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


def varint(number):
    low, number = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(number) if number else bytes([low])


def nested(levels):
    """Return an order with orders in it."""
    value = b""
    for _ in range(levels - 1):
        value = b"\x1a" + varint(len(value)) + value
    return value


@pytest.mark.parametrize(
    "value",
    [
        b"\xff" * 1_000_000,
        b"\x02" + b"\x80" * 1_000_000,
        b"\xfe\xff\xff\xff\x0f" + b"\x00" * 1_000_000,  # a path of two billion indexes
        b"\x01",  # of minus one
        b"\x02\x01",  # the message before the first
        b"\x02\x06",  # the fourth of two
        b"",
        b"\x80",
    ],
)
def test_impossible_path_of_the_message_is_refused(decode, value):
    began = time.process_time()
    with pytest.raises((ValueError, IndexError)):
        decode(value)
    assert time.process_time() - began < 0.2


def test_nested_messages_within_the_depth_are_decoded(decode):
    assert decode(FIRST + nested(2))["parent"] == {"lines": [], "sizes": [], "group": []}
    assert decode(FIRST + nested(100))


@pytest.mark.parametrize("value", [nested(102), nested(20_000)])
def test_nested_messages_beyond_the_depth_are_refused(decode, value):
    with pytest.raises((DecodeError, EventError)):
        decode(FIRST + value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"\x12\x00" * 500_000, id="lines"),
        pytest.param(b"\x2b\x2c" * 500_000, id="groups"),
        pytest.param(b"\xa2\x06\x00" * 300_000, id="extensions"),
        pytest.param(b"\x22" + varint(1_000_000) + b"\x01" * 1_000_000, id="packed numbers"),
        pytest.param(b"\x1a" + varint(1_000_000) + b"\x12\x00" * 500_000, id="lines of the parent"),
        pytest.param(b"\x7a\x00" * 500_000, id="unknown fields"),
        pytest.param(b"\x7b" * 1_000_000, id="unknown groups"),
        pytest.param(b"\x12\x00" * 500_000 + b"\xff", id="lines before broken bytes"),
    ],
)
def test_message_of_a_megabyte_of_fields_is_too_large(decode, value):
    began = time.process_time()
    with pytest.raises(EventError, match=r"too_large: (holds more than 100,000 values|is nested deeper)"):
        decode(FIRST + value)
    assert time.process_time() - began < 2


def test_long_message_of_few_values_is_decoded(decode, order):
    message = order(id="x" * 500_000, sizes=range(2_000))
    message.lines.add(f1=1)
    row = decode(FIRST + message.SerializeToString())
    assert (len(row["id"]), len(row["sizes"]), row["lines"]) == (500_000, 2_000, [{"f1": 1}])


@pytest.mark.parametrize(
    ("tail", "problem"),
    [(b"\x0a" + varint(900_000), "ends early"), (b"\x08" + b"\xff" * 20, "not end"), (b"\x0f", "no kind")],
)
def test_broken_long_message_is_refused(decode, tail, problem):
    with pytest.raises(ValueError, match=problem):
        decode(FIRST + b"\x0a" + varint(200_000) + b"x" * 200_000 + tail)


def test_short_messages_are_not_counted(order):
    assert protobuf_limits.ProtobufLimits(order.DESCRIPTOR)._shortest > 15_000
