"""Mapped topics beside the standard inputs: database changes by a topic pattern, and Avro with a registry."""

import json
from decimal import Decimal

import pytest

from models.definitions.money import exponent
from tests.support.avro_returns import MAPPING, SCHEMA, returned
from tests.support.deployment import total
from tests.support.events import Record, Style, by_thing, duplicated, history, microseconds, record, topic_of
from tests.support.registry_server import AUTH, RegistryServer
from tests.support.strategies import DEFINITIONS

CONFIGURATION = """
[[inputs]]
topic = "tickets"
[[inputs]]
topic = "reviews"
[[inputs]]
topic = "customers"
[[inputs]]
pattern = "shop-[a-z]+[.]outbox"
mapping = "outbox"
[[inputs]]
topic = "returns"
mapping = "returns"

[mappings.outbox]
envelope = "debezium"
id = "uuid"
time = { path = "at", time = "us" }
customer_id = "customer.id"
channel = "body.channel"
experiments = "body.experiments"
"""
#: Event type in the outbox table -> fields at their original paths; an order's amount is a decimal.
OUTBOX = {
    "order.placed": ("order_id", "currency", "cart_id", "promised_at", "payment_method", "referred_by"),
    "order.amended": ("order_id", "amount"),
    "order.line_placed": (
        "order_id",
        "line_id",
        "amount",
        "currency",
        "cart_id",
        "promised_at",
        "referred_by",
    ),
    "order.cancelled": ("order_id",),
    "order.restored": ("order_id",),
    "order.shipped": ("order_id",),
    "order.delivered": ("order_id",),
    "checkout.started": ("cart_id",),
    "payment.failed": ("payment_method", "cart_id", "order_id"),
    "stock.missed": ("sku",),
}


def configuration():
    rules = []
    for name, fields in OUTBOX.items():
        rules += ["[[mappings.outbox.events]]", f'type = "{name}"', f"when = \"kind == '{name}'\""]
        rules += [f'{field} = "body.{field}"' for field in fields]
        rules += ['amount = { path = "body.total", money = "major" }'] if name == "order.placed" else []
    rates = [f"{name} = {rate}" for name, rate in DEFINITIONS.rates.items()]
    return "\n".join([CONFIGURATION, MAPPING, *rules, "[rates]", *rates])


def change(event, number):
    """Return an order event as a Debezium insert, with or without its schema."""
    body = {
        name: content for name, content in event.items() if name not in {"id", "type", "time", "customer_id"}
    }
    if event["type"] == "order.placed":
        body["total"] = str(Decimal(body.pop("amount")).scaleb(-exponent(event["currency"])))
    row = {
        "uuid": event["id"],
        "kind": event["type"],
        "at": microseconds(event["time"]),
        "customer": {"id": event["customer_id"]},
        "body": body,
    }
    return outbox(row, number)


def outbox(row, number, op=None):
    payload = {"before": None, "after": row, "op": op or "cr"[number % 2], "source": {}, "ts_ms": 1}
    value = payload if number % 3 else {"schema": {"type": "struct"}, "payload": payload}
    topic = f"shop-{'eu' if number % 2 else 'us'}.outbox"
    return Record(topic, json.dumps(value).encode(), str(number).encode())


def records(events):
    style = Style(by_thing)
    for number, event in enumerate(events):
        kind = topic_of(event)
        if kind == "orders":
            yield change(event, number)
        else:
            yield returned(event) if kind == "refunds" else record(event, style, 4)


WITHOUT_CUSTOMER = {
    "uuid": "n",
    "kind": "order.shipped",
    "at": 1,
    "customer": None,
    "body": {"order_id": "o"},
}
BAD = {"uuid": "b", "kind": "order.shipped", "at": "soon", "customer": {"id": "c"}, "body": {"order_id": "o"}}


@pytest.fixture
async def registry():
    async with RegistryServer() as running:
        running.schemas[7] = {"schema": json.dumps(SCHEMA)}
        yield running


async def test_mapped_topics_give_the_same_numbers_as_contract_topics(deploy, registry, tmp_path):
    config = tmp_path / "shop.toml"
    config.write_text(configuration())
    deployment = deploy(
        RETENTION_CONFIG=str(config),
        RETENTION_SCHEMA_REGISTRY=registry.url,
        RETENTION_SCHEMA_REGISTRY_AUTH=AUTH,
    )
    cluster = deployment.cluster
    await cluster.create({"shop-eu.outbox": 3, "shop-us.outbox": 6, "returns": 1})
    events = history(41, size=900)
    await deployment.started(2)
    await cluster.send([Record("shop-eu.outbox", None, b"1"), outbox(None, 0, "t")])
    await cluster.send([outbox(WITHOUT_CUSTOMER, 2), outbox(BAD, 4)])
    await cluster.send(records(duplicated(events, 41)))
    await deployment.equal(events)
    scraped = await deployment.scrape()
    assert total(scraped, "retention_worker_anonymous_records_total") == 1
    rejected = [dict(record.headers) for record in await cluster.read("retention.dead-letters")]
    # The history begins before the horizon: events that are read after the clock has advanced are too old.
    [headers] = [found for found in rejected if found["retention.error.reason"] != b"too_old"]
    assert headers["retention.error.topic"] == b"shop-us.outbox"
    assert headers["retention.error.message"].startswith(
        b"mapping outbox, order.shipped, `time` from `at` (text): is text, not a number of us since 1970"
    )
    assert "orders" not in await cluster.topics(), "what is no input is not made"
