"""`retention worker`: run one worker."""

from typing import Literal

import click

from streams import service
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.monitoring import logs


@click.command("worker")
@settings_options(
    "broker",
    "group",
    "partitions",
    "replication",
    "clock",
    "host",
    "port",
    "advertise",
    "token",
    "redis",
    "data_dir",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Log lines as text, or as one JSON object a line.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="Minimum level of log lines.",
)
def command(settings: Settings, log_format: Literal["text", "json"], log_level: str) -> None:
    """Run one worker until it is stopped.

    Start any number of workers, on any number of machines: Kafka distributes the tasks among them. Workers on
    one machine need different ports (--port).
    """
    logs.configure(log_format, log_level)
    service.run_worker(settings)
