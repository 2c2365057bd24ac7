"""`retention load`: send the events of files to their topics."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from models.contract.decoding import to_us
from models.definitions.windows import horizon_start
from streams.backfill.events import event_time
from streams.backfill.files import Format
from streams.backfill.load import FileLoad, create_inputs
from streams.backfill.load_rules import LoadRules
from streams.backfill.load_state import open_state
from streams.backfill.merges import MergeObserver
from streams.backfill.rejected_lines import RejectedLines, exit_code, rejected_file
from streams.backfill.sorted_files import sorted_events
from streams.cli.conflict_report import print_conflicts, print_joins, print_other_currencies
from streams.cli.file_options import (
    FILES,
    FORMAT,
    MAPPING,
    NULL,
    REJECTED_FILE,
    OutputFile,
    null_cells,
    print_nulls,
)
from streams.cli.load_raw import check_options, load_raw
from streams.cli.load_report import print_report
from streams.cli.messages import counted, warn
from streams.cli.options import settings_options
from streams.cli.progress import CountProgress, ReadProgress
from streams.clock import wall_us
from streams.config.load import Settings
from streams.mapping import mappings


def _past_date(ctx: click.Context, param: click.Parameter, given: datetime | None) -> datetime | None:
    del ctx, param
    date = None if given is None else given.replace(tzinfo=UTC)
    if date is not None and to_us(date) > wall_us():
        raise click.BadParameter(f"{date:%Y-%m-%d} is in the future")
    return date


def _rules(settings: Settings, *, within_horizon: bool, attributes_since: datetime | None) -> LoadRules:
    definitions = settings.definitions
    horizon = horizon_start(wall_us(), definitions.horizon_days) if within_horizon else None
    return LoadRules(horizon, definitions.keep_first_order, attributes_since)


@click.command("load")
@FILES
@click.option(
    "--resume",
    type=OutputFile(Path),
    metavar="STATE",
    help="A file that stores the position of the load; if it exists, the load resumes there.",
)
@click.option(
    "--within-horizon",
    is_flag=True,
    help="Leave out events that a worker on the wall clock would reject as too old.",
)
@click.option(
    "--attributes-since",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_past_date,
    metavar="DATE",
    help="For a snapshot: date customer.updated events that are later than DATE back to it (00:00 UTC).",
)
@click.option(
    "--raw", is_flag=True, help="Send each line as one record of --topic, as it is and without a key."
)
@click.option("--topic", help="The topic of --raw; it is created if it does not exist.")
@REJECTED_FILE
@FORMAT
@MAPPING
@NULL
@settings_options("broker", "partitions", "replication")
def command(
    *,
    files: tuple[str, ...],
    resume: Path | None,
    file_format: Format | None,
    mapping: str | None,
    null_words: tuple[str, ...],
    refused: Path | None,
    settings: Settings,
    within_horizon: bool,
    attributes_since: datetime | None,
    raw: bool,
    topic: str | None,
) -> int:
    """Send the events of FILEs (JSON lines, CSV or Parquet; - for standard input) to their topics.

    Events are sent in the order of their times over all files. Files that are not in order are sorted first,
    in a temporary file. The event type determines the topic and the customer determines the partition, as
    with Kafka's default partitioner. Missing topics are created. Loading a file again does no harm: event ids
    identify duplicates.

    Lines that are not events (invalid JSON, no known type, no customer, rejected by the mapping) have no
    topic. They are reported and not sent, and the exit code is 9. They remain in their files. --refused
    collects them; for standard input, refused.jsonl does by default. Every other line is sent as it is: the
    worker rejects invalid events to the dead-letter topic.

    With --raw and --topic, each line is sent as one record without a key, to fill a topic on which a mapping
    can be tried (retention map check --topic TOPIC --mapping NAME). Topics that workers write are refused. A
    raw line has no id: loading a file again adds every record again, and a mapping identifies duplicates only
    by the ids that it composes.
    """
    others = {
        "--mapping": mapping,
        "--null": null_words,
        "--resume": resume,
        "--refused": refused,
        "--within-horizon": within_horizon,
        "--attributes-since": attributes_since,
    }
    check_options(topic, raw=raw, others=others)
    if topic is not None:
        return load_raw(files, topic, file_format, settings)
    reader = mappings.build(settings).reader(mapping) if mapping else None
    # With a mapping, the configuration decides what a record becomes.
    decisive: list[str | Path] = [*files, *([settings.config] if mapping and settings.config else [])]
    state = open_state(
        decisive,
        mapping,
        resume,
        null_words,
        attributes_since=attributes_since,
        within_horizon=within_horizon,
    )
    if state.complete:
        warn(f"sent already, according to {resume}: all of {counted(state.processed, 'event')}")
        return exit_code(state.not_sent)
    rejected = RejectedLines(warn, state.not_sent, rejected_file(refused, files))
    partitions = asyncio.run(create_inputs(settings))
    sorting, nulls, merges = ReadProgress(files, "Sorting"), null_cells(null_words), MergeObserver()
    time_of = merges.observing(event_time)
    with sorted_events(files, file_format, reader, time_of, sorting, notice=warn, nulls=nulls) as events:
        print_joins(merges.joins)
        rules = _rules(settings, within_horizon=within_horizon, attributes_since=attributes_since)
        load = FileLoad(files, state, resume, rules, rejected)
        with CountProgress(events.count, "Sending", done=state.processed) as progress:
            asyncio.run(load.run(events, partitions, settings, progress.add))
        conflicts = load.sent_events.conflicts(events, settings.definitions)
        other_currencies = load.sent_lines.left_out(events, settings.definitions)
    print_conflicts(conflicts)
    print_other_currencies(other_currencies)
    print_nulls(nulls)
    print_report(state, rejected.path)
    return exit_code(state.not_sent)
