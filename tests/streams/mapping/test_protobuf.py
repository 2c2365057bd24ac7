"""Protobuf as shops have it: imports that no registry lists, messages in messages, oneofs, maps and money."""

import base64
from decimal import Decimal

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from streams.mapping import protobuf
from streams.mapping.schemas import Schema
from tests.support.mappings import mapping_reader

KINDS = descriptor_pb2.FieldDescriptorProto
MAPPING = """
[mappings.m]
customer_id = { first = ["shop_customer", "guest.email"] }
time = "created"
[[mappings.m.events]]
type = "order.placed"
order_id = "id"
amount = { path = "total.amount", money = "major" }
currency = "total.currency_code"
[[mappings.m.events]]
type = "refund.completed"
when = "fee"
refund_id = "id"
order_id = "id"
amount = { path = "fee", scale = 0, money = "major", currency = "total.currency_code" }
"""


@pytest.fixture(scope="module")
def file():
    """shop.proto: an order in a message, with a oneof of its buyer."""
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    file.dependency.extend(
        ["google/type/money.proto", "confluent/meta.proto", "confluent/type/decimal.proto"]
    )
    shop = file.message_type.add(name="Shop")
    shop.nested_type.add(name="Guest").field.add(name="email", number=1, type=KINDS.TYPE_STRING, label=1)
    order = shop.nested_type.add(name="Order")
    order.field.add(name="id", number=1, type=KINDS.TYPE_STRING, label=1)
    order.field.add(name="created", number=2, type=KINDS.TYPE_STRING, label=1)
    for name, number, type_name in (
        ("total", 3, ".google.type.Money"),
        ("fee", 4, ".confluent.type.Decimal"),
        ("guest", 5, ".shop.Shop.Guest"),
    ):
        order.field.add(name=name, number=number, type=KINDS.TYPE_MESSAGE, type_name=type_name, label=1)
    order.field.add(name="shop_customer", number=6, type=KINDS.TYPE_INT64, label=1)
    order.oneof_decl.add(name="buyer")
    for field in order.field[-2:]:
        field.oneof_index = 0
    entry = order.nested_type.add(name="TagsEntry")
    entry.options.map_entry = True
    for number, name in enumerate(("key", "value"), start=1):
        entry.field.add(name=name, number=number, type=KINDS.TYPE_STRING, label=1)
    order.field.add(
        name="tags", number=7, type=KINDS.TYPE_MESSAGE, type_name=".shop.Shop.Order.TagsEntry", label=3
    )
    return file


@pytest.fixture(scope="module")
def decode(file):
    schema = Schema(base64.b64encode(file.SerializeToString()).decode(), "PROTOBUF")
    decoder = protobuf.decoder((schema, {}))
    # Two indexes, as zigzag: the file's first message, and of that the second.
    return lambda message: decoder(b"\x04\x00\x02" + message.SerializeToString())


@pytest.fixture(scope="module")
def order(file):
    """The class of an order, as a producer has it."""
    pool = descriptor_pool.DescriptorPool()
    for imported in file.dependency:
        protobuf._add_known(pool, imported)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Shop.Order"))


def test_decoded_oneof_contains_only_the_set_field(order, decode):
    assert decode(order(shop_customer=0)) == {"id": "", "created": "", "shop_customer": 0, "tags": {}}
    assert decode(order(guest={"email": "a@b"}))["guest"] == {"email": "a@b"}
    assert "shop_customer" not in decode(order(guest={"email": "a@b"}))
    assert decode(order(tags={"a": "b"}))["tags"] == {"a": "b"}


def test_money_and_decimals_are_amounts(order, decode):
    message = order(
        id="o",
        created="2024-05-01T10:00:00Z",
        total={"currency_code": "EUR", "units": 19, "nanos": 990_000_000},
        fee={"value": (250).to_bytes(2), "precision": 9, "scale": 2},
        guest={"email": "a@b"},
    )
    row = decode(message)
    assert row["total"]["amount"] == Decimal("19.99")
    less = order(total={"units": -1, "nanos": -500_000_000})
    assert decode(less)["total"]["amount"] == Decimal("-1.5")
    outcome = mapping_reader(MAPPING).map_row(row)
    assert outcome.errors == []
    assert [(event.customer_id, event.amount) for event in outcome.events] == [("a@b", 1999), ("a@b", 250)]


def test_missing_protobuf_import_is_reported(file):
    other = descriptor_pb2.FileDescriptorProto()
    other.CopyFrom(file)
    other.dependency.append("nobody/has.proto")
    with pytest.raises(KeyError, match=r"nobody/has\.proto"):
        protobuf.decoder((Schema(base64.b64encode(other.SerializeToString()).decode(), "PROTOBUF"), {}))
