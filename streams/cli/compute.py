"""`retention compute`: compute the metrics of event files with the worker's code, without Kafka."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import msgspec

from models.definitions.definitions import Definitions
from models.facts.claims import LinePlaced
from models.metrics import catalogue
from models.metrics.catalogue import Sample
from models.partition import standalone
from models.partition.partition import Partition
from models.query.orders import lines_in_other_currencies
from streams.backfill.facts import EventFacts, read_facts
from streams.backfill.files import Format, read
from streams.backfill.merges import MergeObserver
from streams.backfill.rejected_lines import RejectedLines
from streams.cli.conflict_report import (
    print_beyond_limits,
    print_conflicts,
    print_joins,
    print_other_currencies,
)
from streams.cli.field_report import UnusedFieldReport
from streams.cli.file_options import (
    FILES,
    FORMAT,
    MAPPING,
    NULL,
    REJECTED_FILE,
    Instant,
    null_cells,
    print_summary,
)
from streams.cli.messages import warn
from streams.cli.metrics_table import print_tables
from streams.cli.options import settings_options
from streams.cli.progress import ReadProgress
from streams.config.extras import require_sentiment
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.mapping import mappings
from streams.rollup.publisher import series_value


@click.command("compute")
@FILES
@click.option(
    "--now",
    type=Instant(),
    help="The instant of the metrics, RFC 3339 with offset [default: the latest event's time].",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, as in the topic retention.metrics."
)
@FORMAT
@MAPPING
@NULL
@REJECTED_FILE
@settings_options()
def command(
    *,
    files: tuple[str, ...],
    now: int | None,
    as_json: bool,
    file_format: Format | None,
    mapping: str | None,
    null_words: tuple[str, ...],
    refused: Path | None,
    settings: Settings,
) -> int:
    """Compute the metrics of the events in FILEs (JSON lines, CSV or Parquet; - for standard input).

    Invalid lines, which a worker would send to the dead-letter topic, are reported and counted on standard
    error. They are skipped and the exit code is 9. Lines that a mapping skips, that name no customer, or that
    are older than the horizon are counted but do not change the exit code.
    """
    require_sentiment()
    reader = mappings.build(settings).reader(mapping) if mapping else None
    rejected, nulls, merges = RejectedLines(warn, path=refused), null_cells(null_words), MergeObserver()
    fields = UnusedFieldReport(reader) if reader else None
    observe = fields.observe if fields else None
    with ReadProgress(files, "Reading") as progress:
        lines = read(files, progress, file_format, reader, notice=warn, nulls=nulls, observe=observe)
        facts = read_facts(merges.watch(lines), now, settings.definitions, rejected, progress)
        partition, with_lines = _partition_of(facts, now, settings.definitions)
    if not progress.events and not rejected.counts:
        raise RetentionError("the files have no record, so there is nothing to compute")
    now = _instant(partition, now)
    standalone.build_aggregates(partition, now)
    code = print_summary(rejected, nulls)
    if fields is not None:
        fields.print()
    print_joins(merges.joins)
    print_conflicts(partition.drain_conflicts())
    print_other_currencies(
        line for key in with_lines for line in lines_in_other_currencies(partition.customer(key))
    )
    partial = standalone.evaluate(partition, now)
    print_beyond_limits(partial, settings.definitions)
    samples = catalogue.compute([partial], settings.definitions, now)
    if as_json:
        _print_json(samples, now)
    else:
        print_tables(samples, now, settings.definitions)
    return code


def _partition_of(
    events: Iterable[EventFacts], now: int | None, definitions: Definitions
) -> tuple[Partition, dict[bytes, None]]:
    """Return a partition with all facts, in bootstrap mode, and the keys of customers with order lines."""
    partition = Partition(definitions, {})
    with_lines: dict[bytes, None] = {}
    partition.resume(now or 0)
    for stream_time, facts in events:
        partition.stream_time = stream_time
        for customer, fact in facts:
            partition.process_one(customer, fact)
            if type(fact.claim) is LinePlaced:
                with_lines[customer.encode()] = None
    return partition, with_lines


def _instant(partition: Partition, now: int | None) -> int:
    """Return the instant of the metrics: the one that is set, or the latest event time."""
    if now is not None:
        return now
    if not partition.stream_time:
        raise RetentionError(
            "without a valid event there is no time to compute at", "set the time with --now"
        )
    return partition.stream_time


def _print_json(samples: Sequence[Sample], now: int) -> None:
    encode = msgspec.json.Encoder(order="deterministic").encode
    for sample in samples:
        click.echo(encode(series_value(sample, now)))
