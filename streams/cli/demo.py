"""`retention demo`."""

import asyncio

import click

from streams import demo
from streams.cli.options import settings_options
from streams.settings import Settings
from streams.simulator import SCENARIOS


@click.command("demo")
@click.option("--customers", default=6_000, show_default=True, type=click.IntRange(1), help="In 18 months.")
@click.option("--seed", default=1, show_default=True, help="The shop's luck: same seed, same shop.")
@click.option("--scenario", default="support-backlog", show_default=True, type=click.Choice(list(SCENARIOS)))
@click.option(
    "--rate", default=20.0, show_default=True, type=click.FloatRange(0), help="Live events a second."
)
@click.option("--seconds", type=click.FloatRange(0), help="Stop this long after the history is in.")
@settings_options("broker", "group", "partitions", "host", "port", "redis", "data_dir", reached_by=False)
def command(
    *, settings: Settings, customers: int, seed: int, scenario: str, rate: float, seconds: float | None
) -> None:
    """Run everything on this machine, nothing to install first.

    A real Kafka, a Redis, a worker and a simulated shop: 18 months of history at full speed, then live. Set
    RETENTION_BROKER to use a Kafka that runs already, RETENTION_REDIS for a Redis.
    """
    asyncio.run(demo.Demo(settings, demo.plan(customers, seed, scenario, rate), seconds).run())
