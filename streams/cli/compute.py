"""`retention compute`: the metrics of event files, by the code that a worker runs, without Kafka."""

from collections.abc import Iterable, Sequence

import click
import msgspec

from models import metrics
from models.definitions import Definitions
from models.events import KINDS, Event, EventError, Time, check_time, decode, to_us
from models.facts import facts_of
from models.metrics import Sample
from models.partition import Partition
from streams.cli.files import FILES, BadLines, Line, ReadProgress, read
from streams.cli.options import settings_options
from streams.cli.table import show
from streams.clock import wall_us
from streams.errors import RetentionError
from streams.publisher import series_value
from streams.settings import Settings

#: Customers that have changed are held decoded (7 KB each) until they are drained: this many at most.
_DRAIN_EVERY = 20_000


class _Head(msgspec.Struct):
    type: str


_HEAD = msgspec.json.Decoder(_Head)


class _Instant(click.ParamType):
    name = "time"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return to_us(msgspec.convert(value, Time))
        except msgspec.ValidationError:
            self.fail(f"{value!r} is not a time such as 2026-01-31T12:00:00Z", param, ctx)


@click.command("compute")
@FILES
@click.option(
    "--now",
    type=_Instant(),
    help="The instant to compute at, RFC 3339 with offset [default: the latest event's].",
)
@click.option("--json", "as_json", is_flag=True, help="One object a line, as in the topic retention.metrics.")
@settings_options()
def command(files: tuple[str, ...], now: int | None, settings: Settings, *, as_json: bool) -> None:
    """Compute the metrics of the events in FILEs (JSON lines, plain or gzip; - for standard input).

    Lines that are no valid event, which a worker would send to the dead letters, are reported and counted on
    standard error. They count for nothing else, and the exit code is 0 all the same.
    """
    bad = BadLines()
    with ReadProgress(files, "Reading") as progress:
        partition, now = _take(read(files, progress), now, settings.definitions, bad, progress)
    bad.report("refused")
    samples = metrics.compute([partition.evaluate(now)], settings.definitions, now)
    if as_json:
        _print_json(samples, now)
    else:
        show(samples, now, settings.definitions)


def _take(
    lines: Iterable[Line], now: int | None, definitions: Definitions, bad: BadLines, progress: ReadProgress
) -> tuple[Partition, int]:
    """Apply every line's event, and give what they make with the `now` to evaluate it at."""
    partition = Partition(definitions, {})
    if now is not None:
        partition.advance(now)
    wall = wall_us()
    for line in lines:
        try:
            event = _event(line.content)
            time = to_us(event.time)
            latest = max(time, partition.latest) if now is None else now
            check_time(time, wall_us=wall, now_us=latest, definitions=definitions, ages=event.ages)
            facts = facts_of(event, definitions)
        except EventError as error:
            bad.add(line, error.reason, error.message)
            continue
        partition.latest = max(time, partition.latest)
        for customer, fact in facts:
            partition.apply(customer, fact, latest)
        progress.events += 1
        if progress.events % _DRAIN_EVERY == 0:
            partition.drain()
    if now is None and not progress.events:
        raise RetentionError("there is no valid event to take the time from", "give one with --now")
    return partition, partition.latest if now is None else now


def _event(content: bytes) -> Event:
    """Decode an event of whatever topic its type belongs on."""
    try:
        kind = KINDS.get(_HEAD.decode(content).type, "orders")
    except (ValueError, RecursionError):
        kind = "orders"  # whose decoder says what is wrong
    return decode(kind, content)


def _print_json(samples: Sequence[Sample], now: int) -> None:
    encode = msgspec.json.Encoder(order="deterministic").encode
    for sample in samples:
        click.echo(encode(series_value(sample, now)))
