"""`retention demo`: run Kafka, Redis, a worker and a simulated shop on this machine."""

import asyncio

import click

from streams import demo
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import RetentionError, in_image
from streams.simulator import SCENARIOS


@click.command("demo")
@click.option(
    "--customers", default=8_000, show_default=True, type=click.IntRange(1), help="Customers in 18 months."
)
@click.option("--seed", default=1, show_default=True, help="Seed of the simulated shop.")
@click.option(
    "--scenario",
    default="bad-autumn",
    show_default=True,
    type=click.Choice(list(SCENARIOS)),
    help="Scenario of the last nine weeks.",
)
@click.option(
    "--story-seconds", default=70.0, show_default=True, type=click.FloatRange(1),
    help="Duration of the last nine weeks, in which the scenario happens, in seconds.",
)  # fmt: skip
@click.option(
    "--rate", default=1.0, show_default=True, type=click.FloatRange(0), help="Live events per second."
)
@click.option(
    "--seconds", type=click.FloatRange(0), help="Stop this many seconds after the present is reached."
)
@settings_options("broker", "group", "partitions", "host", "port", "redis", "data_dir", reached_by=False)
def command(
    *,
    settings: Settings,
    customers: int,
    seed: int,
    scenario: str,
    story_seconds: float,
    rate: float,
    seconds: float | None,
) -> None:
    """Run everything on this machine: a Kafka, a Redis, a worker and a simulated shop.

    The shop sends 16 months of history at full speed. The nine weeks up to now, in which the scenario
    happens, take about a minute. Then live events follow. If `prometheus` is installed, it is started too,
    and the view shows the firing alerts. Support is open in the hours of a schedule, unless RETENTION_CONFIG
    names another configuration. Set RETENTION_BROKER to use an existing Kafka, and RETENTION_REDIS for a
    Redis.
    """
    if in_image():
        raise RetentionError(
            "the container image cannot run the demo: it has no Kafka, Java and Redis",
            "run `make demo` in a checkout, or `docker compose up` for the same in containers",
        )
    settings = demo.configured(settings)
    shop = demo.plan(
        settings.definitions,
        customers=customers,
        seed=seed,
        scenario=scenario,
        rate=rate,
        story_seconds=story_seconds,
    )
    asyncio.run(demo.Demo(settings, shop, seconds).run())
