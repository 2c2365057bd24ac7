"""Transactions that Kafka leaves open after their producer is gone and their timeout is over.

A broker that is killed can lose a transaction in this way: its coordinator counts it as ended, and a
partition never gets the marker that ends it there. `read_committed` consumers then wait at its first record
for good, and rightly so: the workers are not caught up. It is Kafka's fault, and only an operator can end it
(KIP-664).
"""

import asyncio
import time

from aiokafka.admin import AIOKafkaAdminClient

from tests.soak.faults.transactions import GHOST, TIMEOUT_SECONDS
from tests.soak.installation import Installation
from tests.support.kafka_transactions import (
    OpenTransaction,
    Transaction,
    abort,
    open_transactions,
    transactions,
)

#: Kafka ends a transaction within its timeout, and a healed broker has some seconds more to do so.
_SECONDS = TIMEOUT_SECONDS + 15.0
_UNKNOWN = Transaction("no id that its coordinator knows", "none")


async def end_hanging(installation: Installation, seconds: float = _SECONDS) -> None:
    """Abort the transactions of the soak's own producers that stay open, and report them as Kafka's fault.

    Transactions of workers are only logged: the numbers decide whether something is wrong.

    Args:
        installation: a healed installation.
        seconds: how long a transaction may stay open.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=installation.cluster.bootstrap)
    await client.start()
    try:
        hanging = await _open_for(client, seconds)
        if not hanging:
            return
        known = await transactions(client)
        for one in sorted(hanging):
            await _end(client, installation, one, known.get(one.producer_id, _UNKNOWN))
    finally:
        await client.close()


async def _open_for(client: AIOKafkaAdminClient, seconds: float) -> set[OpenTransaction]:
    """Return the transactions that stay open for so long; at once if none is open."""
    deadline = time.monotonic() + seconds
    found = await open_transactions(client)
    while found and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        found &= await open_transactions(client)
    return found


async def _end(
    client: AIOKafkaAdminClient, installation: Installation, one: OpenTransaction, known: Transaction
) -> None:
    what = (
        f"a transaction of {known.transactional_id} is still open at offset {one.start} of partition"
        f" {one.tp.partition} of {one.tp.topic}, and its coordinator has it as {known.state}"
    )
    if known is not _UNKNOWN and not known.transactional_id.startswith(GHOST):
        installation.report.log(what)
        return
    await abort(client, [one])
    installation.report.left_open.append(what)
    installation.report.log(f"Kafka's fault: {what}; aborted, as an operator does")
