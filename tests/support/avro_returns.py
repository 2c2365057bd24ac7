"""Refund events as Avro records of a shop's own topic, and the mapping that reads them."""

import io
import json

import fastavro

from tests.support.events import Event, Record, microseconds
from tests.support.registry_server import framed

MAPPING = """
[mappings.returns]
format = "avro"
[[mappings.returns.events]]
id = "id"
time = "time"
customer_id = "customer"
channel = "channel"
experiments = "seen"
refund_id = "refund"
order_id = "order"
amount = "cents"
[mappings.returns.events.type]
path = "type"
[mappings.returns.events.type.values]
asked = "refund.requested"
paid = "refund.completed"
denied = "refund.rejected"
failed = "refund.reversed"
"""
RETURNED = {
    "refund.requested": "asked",
    "refund.completed": "paid",
    "refund.rejected": "denied",
    "refund.reversed": "failed",
}
SCHEMA = {
    "type": "record",
    "name": "Return",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "type", "type": {"type": "enum", "name": "T", "symbols": [*RETURNED.values()]}},
        {"name": "time", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "customer", "type": "string"},
        {"name": "refund", "type": "string"},
        {"name": "order", "type": "string"},
        {"name": "cents", "type": ["null", "long"]},
        {"name": "channel", "type": ["null", "string"]},
        {"name": "seen", "type": ["null", {"type": "map", "values": "string"}]},
    ],
}
AVRO = fastavro.parse_schema(json.loads(json.dumps(SCHEMA)))


def returned(event: Event, schema: int = 7) -> Record:
    """Return the record of a refund event, written by the registered schema of that number."""
    row = {
        "id": event["id"],
        "type": RETURNED[event["type"]],
        "time": microseconds(event["time"]),
        "customer": event["customer_id"],
        "refund": event["refund_id"],
        "order": event["order_id"],
        "cents": event.get("amount"),
        "channel": event.get("channel"),
        "seen": event.get("experiments"),
    }
    content = io.BytesIO()
    fastavro.schemaless_writer(content, AVRO, row)
    return Record("returns", framed(schema, content.getvalue()))
