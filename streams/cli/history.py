"""`retention history`: compute past metrics of event files, for import into Prometheus."""

import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from models.definitions.windows import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND, horizon_start
from models.facts.fact import Fact
from streams.backfill.events import effective_time
from streams.backfill.facts import read_facts
from streams.backfill.files import EventCounter, Format, Line
from streams.backfill.openmetrics import MetricsRecorder, is_label
from streams.backfill.order import FIRST, Ordered, Timed
from streams.backfill.rejected_lines import RejectedLines
from streams.backfill.replay import FactReader, replay
from streams.backfill.sorted_files import line_of, sorted_events
from streams.cli.file_options import (
    FILES,
    FORMAT,
    MAPPING,
    NULL,
    Instant,
    OutputFile,
    null_cells,
    print_summary,
)
from streams.cli.messages import counted, warn
from streams.cli.options import settings_options
from streams.cli.progress import CountProgress, ReadProgress
from streams.clock import wall_us
from streams.config.extras import require_sentiment
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.mapping import mappings

_STEP: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_UNITS: Final = {"s": US_PER_SECOND, "m": US_PER_MINUTE, "h": US_PER_HOUR, "d": US_PER_DAY}
#: Events between two updates of the progress bar: an update costs as much as several events.
_EVENTS_PER_UPDATE: Final = 1000
#: Ten years in steps of five minutes; each instant has more than a thousand series.
_MAX_INSTANTS: Final = 1_100_000


class _Step(click.ParamType):
    name = "duration"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if (match := _STEP.fullmatch(value)) is None:
            self.fail(f"{value!r} is not a duration such as 5m, 1h or 1d", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


def _labels(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    del ctx, param
    labels = {"job": "retention", "instance": "history"}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not is_label(name):
            raise click.BadParameter(f"{each!r} is not a label such as job=retention")
        labels[name] = value
    return {name: value for name, value in labels.items() if value}


_EPILOG: Final = """\b
  retention history --from 2026-01-01T00:00:00Z --out history.om shop.jsonl.gz
  promtool tsdb create-blocks-from openmetrics history.om PROMETHEUS_DATA_DIRECTORY
"""


@click.command("history", epilog=_EPILOG)
@FILES
@click.option("--from", "first", type=Instant(), help="The first instant [default: the first event's time].")
@click.option(
    "--to", "last", type=Instant(), help="The end of the instants [default: the latest event's time]."
)
@click.option("--step", type=_Step(), default="1h", show_default=True, help="Time between two instants.")
@click.option(
    "--out",
    default="-",
    type=OutputFile(),
    help="The output file [default: standard output].",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=_labels,
    metavar="NAME=VALUE",
    help="A label of all series, as a scrape adds them [default: job=retention, instance=history].",
)
@click.option("--recorded/--no-recorded", default=True, help="Add the series of the recording rules.")
@FORMAT
@MAPPING
@NULL
@settings_options()
def command(
    *,
    files: tuple[str, ...],
    first: int | None,
    last: int | None,
    step: int,
    out: str,
    labels: dict[str, str],
    file_format: Format | None,
    mapping: str | None,
    null_words: tuple[str, ...],
    settings: Settings,
    recorded: bool,
) -> int:
    """Compute the past metrics of the events in FILEs, in steps of time.

    The output is OpenMetrics text, which promtool converts to Prometheus blocks. The numbers at each instant
    are those of `retention compute --now`: an event counts from its event time, even if it arrived late;
    merges and erasures count from the beginning. Invalid lines are reported and counted on standard error;
    they are skipped and the exit code is 9.
    """
    started = time.monotonic()
    require_sentiment()
    reader = mappings.build(settings).reader(mapping) if mapping else None
    rejected, nulls = RejectedLines(warn), null_cells(null_words)
    sorting = ReadProgress(files, "Sorting")
    sorted_files = sorted_events(
        files, file_format, reader, effective_time, sorting, notice=warn, nulls=nulls
    )
    with (
        sorted_files as events,
        MetricsRecorder(labels, recorded=recorded) as recorder,
    ):
        if not events.count:
            raise RetentionError("the files have no record, so there is nothing to compute")
        instants = _instants(events, first, last, step)
        steps = events.count + len(instants)
        with CountProgress(steps, "Computing", "events and instants") as progress:
            facts = _fact_reader(files, instants[0], settings, rejected, progress)
            for now, samples in replay(events, instants, settings.definitions, facts):
                recorder.add(now, samples)
                progress.add(1)
        written = _write(recorder, out)
    code = print_summary(rejected, nulls)
    seconds = time.monotonic() - started
    warn(f"{counted(len(instants), 'instant')}, {counted(written, 'sample')} in {seconds:.1f} s")
    return code


def _instants(events: Ordered, first: int | None, last: int | None, step: int) -> range:
    """Return the instants, microseconds since the epoch; without --from, multiples of the step."""
    wall, explicit = wall_us(), first is not None
    if last is None:
        if events.latest is None:
            raise RetentionError("without an event there is no time to compute at", "set --from and --to")
        last = min(events.latest, wall)
    if first is None:
        first = -(-(last if events.earliest is None else events.earliest) // step) * step
    if last > wall:
        raise click.BadParameter("the time is later than now", param_hint="--to")
    instants = range(first, last + 1, step)
    if not instants and not explicit:
        problem = "no multiple of the step is between the first event and the last; set --from"
        raise click.BadParameter(problem, param_hint="--step")
    if not instants:
        raise click.BadParameter("there is no instant between --from and --to", param_hint="--from")
    if len(instants) > _MAX_INSTANTS:
        raise click.BadParameter(f"{len(instants):,} instants are too many", param_hint="--step")
    return instants


def _fact_reader(
    files: Sequence[str], first: int, settings: Settings, rejected: RejectedLines, progress: CountProgress
) -> FactReader:
    counter = EventCounter()
    since = horizon_start(first, settings.definitions.horizon_days)

    def within_horizon(events: Iterable[Timed]) -> Iterator[Line]:
        """Skip events older than the horizon without a report: a history of years has many."""
        read = 0
        for read, event in enumerate(events, 1):
            if read % _EVENTS_PER_UPDATE == 0:
                progress.add(_EVENTS_PER_UPDATE)
            if event.time >= since or event.time == FIRST:
                yield line_of(event, files)
        progress.add(read % _EVENTS_PER_UPDATE)  # most instants have few events

    def facts(events: Iterable[Timed]) -> Iterator[list[tuple[str, Fact]]]:
        lines = within_horizon(events)
        return (event.facts for event in read_facts(lines, first, settings.definitions, rejected, counter))

    return facts


def _write(recorder: MetricsRecorder, out: str) -> int:
    if out == "-":
        return recorder.write(sys.stdout)
    try:
        with open(out, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - the name as the user wrote it
            return recorder.write(file)
    except OSError as error:
        raise RetentionError(f"{out} cannot be written: {error.strerror}") from None
