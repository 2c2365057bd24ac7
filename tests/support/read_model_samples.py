"""Records of the derived topics, and the Redis that they are copied to."""

import json
import shutil
from pathlib import Path

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka import topics

CUSTOMERS = TopicPartition(topics.CUSTOMERS, 3)
SERIES = TopicPartition(topics.METRICS, 0)


def program():
    """Return the path of this machine's Redis, or of Valkey, its continuation."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found or "")


def profile(customer, value=10.0, lateness=0.5, lifecycle="returning", orders=1):
    risk = {"recency_days": 1, "typical_gap_days": 2.0, "lateness": lateness, "p_alive": None}
    return json.dumps(
        {
            "customer_id": customer,
            "lifecycle": lifecycle,
            "tier": "member",
            "spender": True,
            "sender": False,
            "first_order": "2026-01-01T00:00:00Z",
            "last_order": "2026-01-01T00:00:00Z",
            "orders": orders,
            "net_value": value,
            "currency": "USD",
            "risk": None if lateness is None else risk,
            "nps": None,
            "open_tickets": 0,
            "as_of": "2026-01-02T00:00:00Z",
        }
    ).encode()


def record(tp, offset, key, value):
    return ConsumerRecord(tp.topic, tp.partition, offset, 0, 0, key.encode(), value, None, 0, 0, ())
