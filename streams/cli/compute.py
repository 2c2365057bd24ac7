"""`retention compute`: the metrics of event files, by the code that a worker runs, without Kafka."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import msgspec

from models.definitions.definitions import Definitions
from models.metrics import catalogue
from models.metrics.catalogue import Sample
from models.partition import standalone
from models.partition.partition import Partition
from streams.cli.facts import Instant, Taken, take
from streams.cli.files import FILES, FORMAT, MAPPING, Format, ReadProgress, read
from streams.cli.left_out import KEPT, RejectedLines
from streams.cli.metrics_table import show
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.rollup.publisher import series_value


@click.command("compute")
@FILES
@click.option(
    "--now",
    type=Instant(),
    help="The instant to compute at, RFC 3339 with offset [default: the latest event's].",
)
@click.option("--json", "as_json", is_flag=True, help="One object a line, as in the topic retention.metrics.")
@FORMAT
@MAPPING
@KEPT
@settings_options()
def command(
    *,
    files: tuple[str, ...],
    now: int | None,
    as_json: bool,
    file_format: Format | None,
    mapping: str | None,
    refused: Path | None,
    settings: Settings,
) -> int:
    """Compute the metrics of the events in FILEs (JSON lines, CSV or Parquet; - for standard input).

    Lines that are no valid event, which a worker would send to the dead letters, are reported and counted on
    standard error. They cost no other event; the exit code is then 9, as the numbers are without them. What a
    mapping skips, what names nobody and what is beyond the horizon is counted too, but is no reason for 9.
    """
    reader = settings.mappings.reader(mapping) if mapping else None
    left_out = RejectedLines(path=refused)
    with ReadProgress(files, "Reading") as progress:
        taken = take(
            read(files, progress, file_format, reader), now, settings.definitions, left_out, progress
        )
        partition, now = _count(taken, now, settings.definitions)
    code = left_out.report()
    samples = catalogue.compute([standalone.evaluate(partition, now)], settings.definitions, now)
    if as_json:
        _print_json(samples, now)
    else:
        show(samples, now, settings.definitions)
    return code


def _count(taken: Iterable[Taken], now: int | None, definitions: Definitions) -> tuple[Partition, int]:
    """Take every event, and give what they make with the `now` to evaluate it at."""
    partition = Partition(definitions, {})
    partition.resume(now or 0)
    for latest, facts in taken:
        partition.stream_time = latest
        for customer, fact in facts:
            partition.process_one(customer, fact)
    if now is None:
        if not partition.stream_time:
            raise RetentionError("there is no valid event to take the time from", "give one with --now")
        now = partition.stream_time
    standalone.build_aggregates(partition, now)
    return partition, now


def _print_json(samples: Sequence[Sample], now: int) -> None:
    encode = msgspec.json.Encoder(order="deterministic").encode
    for sample in samples:
        click.echo(encode(series_value(sample, now)))
