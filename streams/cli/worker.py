"""`retention worker`: one worker."""

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
    help="Logs for people, or one JSON object a line.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The least that is logged.",
)
def command(settings: Settings, log_format: Literal["text", "json"], log_level: str) -> None:
    """Run one worker until it is stopped.

    Start as many as you like, on as many machines: they share the tasks out among themselves. Each needs a
    port of its own for its pages (--port).
    """
    logs.configure(log_format, log_level)
    service.run_worker(settings)
