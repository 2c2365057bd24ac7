"""`retention broker`: run the embedded Kafka without a worker."""

import asyncio

import click

from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import BrokerError, SettingsError, in_image
from streams.local.foreground import run_kafka


@click.command("broker")
@settings_options("broker", "data_dir", reached_by=False)
def command(settings: Settings) -> None:
    """Run the embedded Kafka in the foreground, at the address of RETENTION_BROKER, until Ctrl-C.

    Its data are kept in the data directory over restarts.
    """
    if in_image():
        raise BrokerError(
            "the container image cannot run the embedded Kafka: it has no Kafka and no Java",
            "run `docker compose up -d kafka`, or set RETENTION_BROKER=host:port for an existing Kafka",
        )
    server, *more = settings.broker.split(",")
    if more:
        raise SettingsError(
            "RETENTION_BROKER",
            "has more than one address",
            source=settings.sources["broker"],
            hint="the embedded Kafka is one broker; expected one address, such as 127.0.0.1:9092",
        )
    host, _, port = server.rpartition(":")
    asyncio.run(run_kafka(host, int(port), settings.data_dir / "kafka", click.echo))
