"""Records and ticks for a task, as the transport returns them."""

import json
from functools import cache

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.faust_engine.types import RecordBatch
from streams.partitioner import tasks_of
from tests.support.group_member import TASKS

ORDERS = TopicPartition("orders", 0)


@cache
def customer(task):
    names = (f"customer-{n}" for n in range(99))
    return next(name for name in names if tasks_of([name.encode()], TASKS) == [task])


def order(offset, customer_id=None):
    event = {
        "id": f"e{offset}",
        "type": "order.placed",
        "time": "2024-05-01T10:00:00Z",
        "customer_id": customer_id or customer(0),
        "order_id": f"o{offset}",
        "amount": 100,
        "currency": "USD",
    }
    return record(offset, json.dumps(event).encode())


def record(offset, value, topic="orders"):
    return ConsumerRecord(topic, 0, offset, 1_700_000_000_000, 0, None, value, None, 0, 0, ())


def orders(start, next_offset, **event):
    return RecordBatch(ORDERS, [order(n, **event) for n in range(start, next_offset)], start, next_offset)


def ticks(worker, *sent):
    encode = msgspec.msgpack.encode
    records = [record(n, encode(tick), worker.names.ticks) for n, tick in enumerate(sent)]
    return RecordBatch(TopicPartition(worker.names.ticks, 0), records, 0, len(records))
