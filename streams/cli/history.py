"""`retention history`: the metrics as they would have been, for a Prometheus that was not there yet."""

import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from models.definitions.windows import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND, horizon_start
from models.facts.fact import Fact
from streams.backfill.events import known_from
from streams.backfill.openmetrics import Recorder, is_label
from streams.backfill.order import FIRST, Ordered, Timed
from streams.backfill.replay import Facts, replay
from streams.cli.facts import Instant, take
from streams.cli.files import FILES, FORMAT, MAPPING, Counter, CountProgress, Format, Line
from streams.cli.left_out import RejectedLines
from streams.cli.messages import counted
from streams.cli.options import settings_options
from streams.cli.ordered import line, ordered
from streams.clock import wall_us
from streams.config.load import Settings
from streams.errors import RetentionError

_STEP: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_UNITS: Final = {"s": US_PER_SECOND, "m": US_PER_MINUTE, "h": US_PER_HOUR, "d": US_PER_DAY}
#: Events between two looks at the clock: a look costs as much as several events.
_LOOK_EVERY: Final = 1000
#: Ten years of five minutes; each instant has more than a thousand series.
_MOST_INSTANTS: Final = 1_100_000


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
@click.option("--from", "first", type=Instant(), help="The first instant [default: the first event's].")
@click.option("--to", "last", type=Instant(), help="The last instant, at most [default: the latest event's].")
@click.option("--step", type=_Step(), default="1h", show_default=True, help="From one instant to the next.")
@click.option(
    "--out",
    default="-",
    type=click.Path(dir_okay=False, writable=True),
    help="A file [default: standard output].",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=_labels,
    metavar="NAME=VALUE",
    help="Of all series, as a scrape would add it [default: job=retention, instance=history].",
)
@click.option("--recorded/--no-recorded", default=True, help="With what recording rules would have recorded.")
@FORMAT
@MAPPING
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
    settings: Settings,
    recorded: bool,
) -> int:
    """Compute the metrics of the events in FILEs as they would have been, in steps of time.

    Writes OpenMetrics text, of which Prometheus makes blocks. At each instant the numbers are those of
    `retention compute --now`: an event counts from its time on, even if it came late; merges and erasures
    always. Lines that are no valid event are reported, counted, and left out; the exit code is then 9.
    """
    if out != "-" and not Path(out).parent.is_dir():  # before hours of work, not after
        raise RetentionError(f"{out} cannot be written: there is no such directory")
    started = time.monotonic()
    reader = settings.mappings.reader(mapping) if mapping else None
    left_out = RejectedLines()
    with (
        ordered(files, file_format, reader, known_from) as events,
        Recorder(labels, recorded=recorded) as recorder,
    ):
        instants = _instants(events, first, last, step)
        steps = events.count + len(instants)
        with CountProgress(steps, "Computing", "events and instants") as progress:
            facts = _facts(files, instants[0], settings, left_out, progress)
            for now, samples in replay(events, instants, settings.definitions, facts):
                recorder.add(now, samples)
                progress.add(1)
        written = _write(recorder, out)
    code = left_out.report()
    seconds = time.monotonic() - started
    said = f"{counted(len(instants), 'instant')}, {counted(written, 'sample')} in {seconds:.1f} s"
    click.echo(said, err=True)
    return code


def _instants(events: Ordered, first: int | None, last: int | None, step: int) -> range:
    """Give the instants: multiples of the step where nothing else is said."""
    wall, asked = wall_us(), first is not None
    if last is None:
        if events.latest is None:
            raise RetentionError("there is no event to take the time from", "give --from and --to")
        last = min(events.latest, wall)
    if first is None:
        first = -(-(last if events.earliest is None else events.earliest) // step) * step
    if last > wall:
        raise click.BadParameter("it is later than now", param_hint="--to")
    instants = range(first, last + 1, step)
    if not instants and not asked:
        problem = "none of its multiples is between the first event and the last: say --from"
        raise click.BadParameter(problem, param_hint="--step")
    if not instants:
        raise click.BadParameter("no instant is from --from to --to", param_hint="--from")
    if len(instants) > _MOST_INSTANTS:
        raise click.BadParameter(f"{len(instants):,} instants are too many", param_hint="--step")
    return instants


def _facts(
    files: Sequence[str], first: int, settings: Settings, left_out: RejectedLines, progress: CountProgress
) -> Facts:
    counter = Counter()
    since = horizon_start(first, settings.definitions.horizon_days)

    def known(events: Iterable[Timed]) -> Iterator[Line]:
        """Say nothing of what has left the horizon: in a history of years, that is to be expected."""
        for number, event in enumerate(events, 1):
            if number % _LOOK_EVERY == 0:
                progress.add(_LOOK_EVERY)
            if event.time >= since or event.time == FIRST:
                yield line(event, files)

    def facts(events: Iterable[Timed]) -> Iterator[list[tuple[str, Fact]]]:
        return (taken.facts for taken in take(known(events), first, settings.definitions, left_out, counter))

    return facts


def _write(recorder: Recorder, out: str) -> int:
    if out == "-":
        return recorder.write(sys.stdout)
    try:
        with open(out, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - what the user named
            return recorder.write(file)
    except OSError as error:
        raise RetentionError(f"{out} cannot be written: {error.strerror}") from None
