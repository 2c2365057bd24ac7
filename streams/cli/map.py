"""`retention map`: how a topic's records become events, looked at before a worker trusts it."""

import asyncio

import click
import msgspec

from models.contract.events import Kind
from streams.cli import map_report
from streams.cli.options import settings_options
from streams.clock import wall_us
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import sampling
from streams.mapping import dry_run
from streams.mapping.dry_run import Report
from streams.mapping.mappings import ready_tables, ready_texts
from streams.mapping.reader import Reader

_EPILOG = """\b
retention map check --topic shop.orders --mapping shopify
retention map show shopify > shopify.toml"""


@click.group("map", epilog=_EPILOG)
def command() -> None:
    """See what the records of your own topics become (docs/mapping.md)."""


@command.command("check")
@click.option("--topic", required=True, help="The topic to look at.")
@click.option("--mapping", help="Try this mapping on it, instead of what the configuration says.")
@click.option("--sample", "count", type=click.IntRange(1, 1_000_000), default=1000, show_default=True,
              help="How many records to read, from all partitions alike.")  # fmt: skip
@click.option("--from", "begin", type=click.Choice(["latest", "earliest"]), default="latest",
              show_default=True, help="The last records that there are, or the first.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object with everything.")
@settings_options("broker", "partitions", "schema_registry")
def check_command(
    settings: Settings, topic: str, mapping: str | None, count: int, begin: str, *, as_json: bool
) -> int:
    """Read a sample of a topic and show what its records become.

    Nothing is changed, and no group is joined. Shown side by side: what came in and what it became; what is
    refused and why, times out of range among it; fields that the mapping does not look at; customers in each
    partition. The exit code is 1 if a record is refused.
    """
    report = asyncio.run(_examined(settings, topic, mapping, count, from_earliest=begin == "earliest"))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report, enc_hook=str), indent=1))
    else:
        map_report.show(report)
    return 1 if report.refused else 0


async def _examined(
    settings: Settings, topic: str, mapping: str | None, count: int, *, from_earliest: bool
) -> Report:
    reads = _reads(settings, topic, mapping)
    records = await sampling.read(settings, topic, count, from_earliest=from_earliest)
    if isinstance(reads, Reader):
        await reads.prepare(record.value for record in records)
    return dry_run.examine(
        topic,
        reads,
        records,
        definitions=settings.definitions,
        tasks=settings.partitions,
        wall_us=wall_us(),
    )


def _reads(settings: Settings, topic: str, mapping: str | None) -> Reader | Kind:
    if mapping is not None:
        return settings.mappings.reader(mapping, "--mapping")
    reads = settings.mappings.reads(topic)
    if reads is None:
        raise RetentionError(
            f"{topic} is no input of the configuration",
            "try a mapping on it with --mapping, or name it in [[inputs]]",
        )
    return reads


@command.command("list")
@settings_options()
def list_command(settings: Settings) -> None:
    """List the mappings: the configuration's, those that come with this, and the inputs that have one."""
    for name in settings.mappings.names():
        described = settings.mappings.reader(name).definition.description
        click.echo(f"{name:<14} {described or f'of {settings.config}'}")
    for name, table in ready_tables().items():
        if name not in settings.mappings.names():
            click.echo(f"{name:<14} {table['description']}")
    click.echo()
    for one in settings.mappings.inputs:
        topics = ", ".join(one.topics) or f"/{one.pattern.pattern if one.pattern else ''}/"
        reads = (
            f"mapping {one.reads.name}" if isinstance(one.reads, Reader) else f"the contract's {one.reads}"
        )
        click.echo(f"{topics}: {reads}")


@command.command("show")
@click.argument("name")
@settings_options()
def show_command(settings: Settings, name: str) -> None:
    """Print a mapping that comes with this: a place to start from."""
    texts = ready_texts()
    if name in settings.mappings.names():
        raise RetentionError(f"the mapping {name} is in your own configuration", f"see {settings.config}")
    if name not in texts:
        raise RetentionError(f"there is no mapping {name!r}", f"there are {', '.join(texts)}")
    click.echo(texts[name], nl=False)
