"""Run the embedded Kafka in the foreground, until a signal stops it."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from streams.errors import BrokerError
from streams.local.kafka import EmbeddedKafka
from streams.local.kafka_runtime import KAFKA_VERSION


async def run_kafka(host: str, port: int, data_dir: Path, announce: Callable[[str], None] = print) -> None:
    """Run one Kafka in the foreground, until SIGINT or SIGTERM (docs/architecture.md).

    Args:
        host: address of this machine.
        port: port of the broker.
        data_dir: directory of its data.
        announce: prints a line for the user.

    Raises:
        PortInUse: another process uses the port.
        BrokerError: the broker could not start, or stopped by itself.
    """
    announce(f"Starting Kafka {KAFKA_VERSION} (43 MB are downloaded the first time) …")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with EmbeddedKafka(data_dir, host=host, port=port) as kafka:
        announce(
            f"Kafka is ready at {kafka.bootstrap}, with its data in {kafka.data_dir}. Stop it with Ctrl-C."
        )
        while not stopped.is_set():
            if not kafka.running:
                raise BrokerError("the embedded Kafka stopped by itself", kafka.last_lines())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 0.5)
        announce("Stopping Kafka …")
