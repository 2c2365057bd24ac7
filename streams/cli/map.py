"""`retention map`: check how the records of a topic or a file become events, before they count."""

import asyncio
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from models.contract.events import Kind
from streams.backfill.dry_run import dry_run_of_files
from streams.backfill.files import Format
from streams.cli import map_report
from streams.cli.file_options import EXISTING_FILE, FORMAT
from streams.cli.messages import warn
from streams.cli.options import settings_options
from streams.cli.progress import ReadProgress
from streams.clock import wall_us
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import sampling
from streams.mapping import dry_run
from streams.mapping.dry_run_report import Report
from streams.mapping.mappings import build, bundled_tables, bundled_texts
from streams.mapping.outcome_check import OutcomeCheck
from streams.mapping.reader import Reader

_EPILOG = """\b
retention map check --topic shop.orders --mapping shopify
retention map check --mapping orders orders.csv
retention map show shopify > shopify.toml"""

#: Records that are read of a topic by default.
_SAMPLE: Final = 1000


@click.group("map", epilog=_EPILOG)
def command() -> None:
    """Show how the records of your own topics become events (docs/mapping.md)."""


@command.command("check")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=EXISTING_FILE)
@click.option("--topic", help="The topic to check, instead of files.")
@click.option("--mapping", help="Use this mapping instead of the one in the configuration.")
@click.option("--sample", "count", type=click.IntRange(1, 1_000_000),
              help="Number of records to read [default: all of files; 1000 of a topic, equally from all"
              " partitions].")  # fmt: skip
@click.option("--from", "begin", type=click.Choice(["latest", "earliest"]), default="latest",
              show_default=True, help="Read the last records of the topic, or the first.")  # fmt: skip
@FORMAT
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON object.")
@settings_options("broker", "partitions", "clock", "schema_registry")
def check_command(
    *,
    settings: Settings,
    files: tuple[str, ...],
    topic: str | None,
    mapping: str | None,
    count: int | None,
    begin: str,
    file_format: Format | None,
    as_json: bool,
) -> int:
    """Read a sample of a topic, or FILEs, and show the events that the records become.

    Nothing is changed, and no consumer group is joined. The report shows records and their events side by
    side with shortened values, rejected records with the reason (including times out of range), fields that
    the mapping does not use, and the number of customers in each partition. Without --mapping, FILEs hold
    events of the contract. The exit code is 1 if a record is rejected, or
    if no record has a field without which the mapping makes no event.
    """
    if bool(files) is (topic is not None):
        raise click.UsageError("expected files, or --topic with the name of a topic")
    if topic is None:
        report = _of_files(settings, files, file_format, mapping, count)
    else:
        sample = count or _SAMPLE
        report = asyncio.run(_dry_run(settings, topic, mapping, sample, from_earliest=begin == "earliest"))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report, enc_hook=str), indent=1))
    else:
        map_report.print_report(report)
    return 1 if report.refused or report.missing else 0


def _of_files(
    settings: Settings,
    files: Sequence[str],
    file_format: Format | None,
    mapping: str | None,
    count: int | None,
) -> Report:
    reader = build(settings).reader(mapping, "--mapping") if mapping else None
    with ReadProgress(files, "Reading") as progress:
        report = dry_run_of_files(
            files,
            file_format,
            reader,
            settings.definitions,
            wall_us=wall_us(),
            limit=count,
            progress=progress,
            notice=warn,
        )
    if not report.records:
        raise RetentionError("the files have no record, so there is nothing to check")
    return report


async def _dry_run(
    settings: Settings, topic: str, mapping: str | None, count: int, *, from_earliest: bool
) -> Report:
    reads = _reads(settings, topic, mapping)
    records = await sampling.read(settings, topic, count, from_earliest=from_earliest)
    if isinstance(reads, Reader):
        await reads.prepare(record.value for record in records)
    return dry_run.dry_run_of(
        topic,
        reads,
        records,
        definitions=settings.definitions,
        tasks=settings.partitions,
        check=OutcomeCheck(settings.definitions, wall_us(), event_clock=settings.clock == "event"),
    )


def _reads(settings: Settings, topic: str, mapping: str | None) -> Reader | Kind:
    if mapping is not None:
        return build(settings).reader(mapping, "--mapping")
    reads = build(settings).reads(topic)
    if reads is None:
        raise RetentionError(
            f"{topic} is not an input of the configuration",
            "select a mapping with --mapping, or add the topic to [[inputs]]",
        )
    return reads


@command.command("list")
@settings_options()
def list_command(settings: Settings) -> None:
    """List the mappings of the configuration, the bundled mappings, and the inputs."""
    mappings = build(settings)
    for name in mappings.names():
        described = mappings.reader(name).definition.description
        click.echo(f"{name:<14} {described or f'from {settings.config}'}")
    for name, table in bundled_tables().items():
        if name not in mappings.names():
            click.echo(f"{name:<14} {table['description']}")
    click.echo()
    for one in settings.inputs.entries:
        topics = ", ".join(one.topics) or f"/{one.pattern.pattern if one.pattern else ''}/"
        reads = f"mapping {one.mapping}" if one.mapping else f"events of the contract, {one.kind}"
        click.echo(f"{topics}: {reads}")


@command.command("show")
@click.argument("name")
@settings_options()
def show_command(settings: Settings, name: str) -> None:
    """Print a bundled mapping, as a template for your own."""
    texts = bundled_texts()
    if name in settings.mappings:
        raise RetentionError(f"the mapping {name} is in your own configuration", f"see {settings.config}")
    if name not in texts:
        raise RetentionError(f"{name!r} is not a bundled mapping", f"expected one of {', '.join(texts)}")
    click.echo(texts[name], nl=False)
