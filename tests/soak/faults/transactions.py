"""Producers whose transactions end badly: their records must not count, and hold up those that follow."""

import asyncio
import contextlib
import json
import random

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.soak.installation import Installation
from tests.support.events import Record, order

#: Begin of the transactional ids.
GHOST = "ghost-"
#: Kafka aborts an open transaction after this time.
TIMEOUT_SECONDS = 10.0
_ORDERS = 50
_AMOUNT = 999_999_999
_STOP_SECONDS = 10.0


async def abort(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Send orders in a transaction that stays open for some seconds, then abort it or leave it open."""
    graceful = rng.random() < 0.5
    end = "aborts it" if graceful else "is gone"
    installation.report.log(f"{_ORDERS} orders in a transaction whose producer {end} after {seconds:.1f} s")
    producer = AIOKafkaProducer(
        bootstrap_servers=installation.cluster.bootstrap,
        transactional_id=f"{GHOST}{rng.randrange(1 << 32)}",
        transaction_timeout_ms=int(TIMEOUT_SECONDS * 1000),
        request_timeout_ms=120_000,
    )
    with contextlib.suppress(KafkaError, TimeoutError):  # another fault has struck the broker
        await producer.start()
        await producer.begin_transaction()
        for number in range(_ORDERS):
            one = _ghost(rng, number)
            await producer.send_and_wait(one.topic, one.value, one.key)
        await asyncio.sleep(seconds)
        if graceful:
            await producer.abort_transaction()
    with contextlib.suppress(KafkaError, TimeoutError):  # `stop` leaves an open transaction to the broker
        await asyncio.wait_for(producer.stop(), _STOP_SECONDS)


def _ghost(rng: random.Random, number: int) -> Record:
    """Return an order that would be seen in many numbers if it counted."""
    name = f"{GHOST}{rng.randrange(1 << 32)}-{number}"
    event = order(name, f"{name}-customer", 1_700_000_000_000_000, amount=_AMOUNT)
    return Record("orders", json.dumps(event).encode(), name.encode())
