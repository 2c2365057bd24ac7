"""One order as Avro and as Protobuf, with its schemas in a registry."""

import base64
import io
import json
import tomllib
from datetime import UTC, datetime
from decimal import Decimal

import fastavro
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from streams.config.schema_registry import RegistryAccess
from streams.mapping.mappings import load
from streams.mapping.schema_registry import SchemaRegistry
from streams.secret import Secret
from tests.support.registry_server import AUTH

MAPPING = """
[mappings.m]
format = "{form}"
customer_id = "customer.id"
[[mappings.m.events]]
type = "order.placed"
order_id = "id"
time = "created"
amount = {{ path = "total", money = "major" }}
currency = "currency"
channel = {{ path = "channel", lower = true }}
"""


AT = datetime(2024, 5, 1, 10, tzinfo=UTC)


CUSTOMER = {
    "type": "record",
    "name": "Customer",
    "namespace": "shop",
    "fields": [{"name": "id", "type": "long"}],
}


ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "customer", "type": ["null", "shop.Customer"]},
        {"name": "created", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "currency", "type": "string"},
        {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": ["WEB", "STORE"]}},
    ],
}


ID = "0c8a9ad5-26ab-4a37-9d8b-2c0c59c0a2d5"


ROW = {
    "id": ID,
    "customer": {"id": 7},
    "created": AT,
    "total": Decimal("19.99"),
    "currency": "EUR",
    "channel": "WEB",
}


def registry(url, auth=AUTH, **how):
    return SchemaRegistry(RegistryAccess(url=url, auth=auth and Secret(auth), **how))


def reader(server, form, auth=AUTH):
    document = tomllib.loads(MAPPING.format(form=form))
    return load(document, registry=registry(server.url + "/", auth)).reader("m")


def avro(row):
    schema = fastavro.parse_schema(ORDER, named_schemas={"shop.Customer": fastavro.parse_schema(CUSTOMER)})
    content = io.BytesIO()
    fastavro.schemaless_writer(content, schema, row)
    return content.getvalue()


def offer_avro(server):
    server.schemas[7] = {
        "schema": json.dumps(ORDER),
        "references": [{"name": "shop.Customer", "subject": "customer", "version": 3}],
    }
    server.subjects["customer", "3"] = {"subject": "customer", "version": 3, "schema": json.dumps(CUSTOMER)}


def descriptor():
    """shop.proto: an order with a customer, a time and a channel, behind another message, and its imports."""
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    file.dependency.append("common.proto")
    kinds = descriptor_pb2.FieldDescriptorProto
    file.enum_type.add(name="Channel").value.add(name="WEB", number=0)
    file.enum_type[0].value.add(name="STORE", number=1)
    file.message_type.add(name="Unrelated").field.add(name="x", number=1, type=kinds.TYPE_STRING, label=1)
    order = file.message_type.add(name="Order")
    for number, (name, kind, type_name) in enumerate(
        [
            ("id", kinds.TYPE_INT64, ""),
            ("customer", kinds.TYPE_MESSAGE, ".common.Customer"),
            ("created", kinds.TYPE_MESSAGE, ".google.protobuf.Timestamp"),
            ("total", kinds.TYPE_STRING, ""),
            ("currency", kinds.TYPE_STRING, ""),
            ("channel", kinds.TYPE_ENUM, ".shop.Channel"),
        ],
        start=1,
    ):
        order.field.add(name=name, number=number, type=kind, type_name=type_name or None, label=1)
    common = descriptor_pb2.FileDescriptorProto(name="common.proto", package="common", syntax="proto3")
    common.message_type.add(name="Customer").field.add(name="id", number=1, type=kinds.TYPE_INT32, label=1)
    return file, common


def protobuf(**fields):
    file, common = descriptor()
    pool = descriptor_pool.DescriptorPool()
    known = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(known)
    for one in (known, common, file):
        pool.Add(one)
    order = message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))(total="19.99", **fields)
    if "customer" not in fields:
        order.customer.id = 7
    order.created.seconds = int(AT.timestamp())
    return order.SerializeToString()


def offer_protobuf(server):
    file, common = (base64.b64encode(one.SerializeToString()).decode() for one in descriptor())
    references = [{"name": "common.proto", "subject": "common", "version": 1}]
    server.schemas[9] = {"schemaType": "PROTOBUF", "schema": file, "references": references}
    server.subjects["common", "1"] = {"schemaType": "PROTOBUF", "schema": common}
