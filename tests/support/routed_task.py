"""The router of one task, over a partition in memory."""

import json
import time

from aiokafka import ConsumerRecord, TopicPartition

from models.definitions.definitions import Definitions
from models.metrics.catalogue import compute
from models.partition.partition import Partition
from streams.ingest.router import Router
from streams.kafka.outbox import Outbox
from streams.monitoring.worker_counters import WorkerCounters
from streams.partitioner import tasks_of

ORDERS, FACTS = TopicPartition("orders", 5), TopicPartition("g-facts", 1)


TASKS = 4


MINE = 1


NOW_MS = int(time.time() * 1000)


def someone(task):
    """Return the id of a customer of this task."""
    return next(
        name for name in (f"customer-{n}" for n in range(99)) if tasks_of([name.encode()], TASKS) == [task]
    )


def order(order_id, customer=None, **changes):
    event = {
        "id": f"event-{order_id}",
        "type": "order.placed",
        "time": "2024-05-01T10:00:00Z",
        "customer_id": customer or someone(MINE),
        "order_id": order_id,
        "amount": 1200,
        "currency": "USD",
    }
    return json.dumps(event | changes).encode()


def record(value, offset=0, key=b"key", headers=(), timestamp=NOW_MS):
    return ConsumerRecord("orders", 5, offset, timestamp, 0, key, value, None, 0, 0, headers)


class RoutedTask:
    def __init__(self, *, event_clock=False):
        self.partition = Partition(Definitions(), {})
        self.outbox = Outbox()
        self.counters = WorkerCounters()
        self.router = Router(
            task=MINE,
            task_count=TASKS,
            facts_topic="g-facts",
            dead_letter_partitions=3,
            definitions=Definitions(),
            partition=self.partition,
            outbox=self.outbox,
            counters=self.counters,
            event_clock=event_clock,
        )

    def route(self, *values):
        self.router.route_events("orders", ORDERS, [record(value, n) for n, value in enumerate(values)])

    def dead_letters(self):
        found = []
        for (topic, _), records in self.outbox.take().items():
            found += records if topic == "retention.dead-letters" else []
        return found

    def orders(self, now=None):
        """Return the number of qualifying orders in 90 days."""
        now = now or self.partition.stream_time
        samples = compute([self.partition.evaluate(now)], Definitions(), now)
        return next(
            s.value for s in samples if s.metric == "retention_orders" and s.labels == {"window": "90d"}
        )
