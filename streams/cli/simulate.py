"""`retention simulate`: a simulated shop's events, to Kafka or to a file."""

import asyncio
import logging
from datetime import UTC, datetime

import click

from streams.cli.messages import counted
from streams.cli.options import settings_options
from streams.cli.simulate_progress import HistoryBar
from streams.config.load import Settings
from streams.simulator import SCENARIOS
from streams.simulator.live import Plan, Progress, play
from streams.simulator.writers import Key, to_file, to_kafka

_MONTHS = 18
_LIVE = "live"


class Moment(click.ParamType):
    """A date, or a date and a time, in UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read ISO 8601."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no time: expected one such as 2026-01-31 or 2026-01-31T08:00:00Z", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_MOMENT = Moment()


@click.command(
    "simulate", epilog="Scenarios: " + "; ".join(f"{n}: {s.description}" for n, s in SCENARIOS.items())
)
@click.option("--seed", default=1, show_default=True, help="The shop's luck: same seed, same events.")
@click.option("--customers", default=20_000, show_default=True, type=click.IntRange(1), help="In 18 months.")
@click.option("--scenario", default="steady", show_default=True, type=click.Choice(list(SCENARIOS)))
@click.option("--since", help="When the scenario begins, or `live`. [default: 200 days before the end]")
@click.option("--until", type=_MOMENT, help="When the scenario ends. [default: never]")
@click.option(
    "--start", type=_MOMENT, help="When the shop opens. [default: the first of a month, 18 months ago]"
)
@click.option("--end", type=_MOMENT, help="Where to stop. [default: go on live; with --out, today 0:00 UTC]")
@click.option(
    "--speed", default=0.0, type=click.FloatRange(0), help="Event time's speed; 0: as fast as it goes."
)
@click.option("--rate", default=0.0, type=click.FloatRange(0), help="Live events a second, as on a busy day.")
@click.option("--garbage", default=0.0, type=click.FloatRange(0, 1), help="Bad records per good one.")
@click.option(
    "--key", default="customer", show_default=True, type=click.Choice(["customer", "event", "none"]),
    help="What records are keyed by.",
)  # fmt: skip
@click.option("--currency", "currencies", multiple=True, default=("USD",), help="May be given again.")
@click.option("--out", help="A file (.jsonl or .jsonl.gz; - for standard output) instead of Kafka.")
@settings_options("broker", "partitions", "replication")
def command(
    *,
    settings: Settings,
    out: str | None,
    key: Key,
    start: datetime | None,
    end: datetime | None,
    since: str | None,
    **plan: object,
) -> None:
    """Send a simulated shop's events: its history up to now, then what happens as it happens.

    No event is later than the present. Ctrl-C stops.
    """
    now = datetime.now(UTC)
    if end is None and out is not None:
        end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if start is None:
        start = _months_before(end or now, _MONTHS)
    if end is not None and end > now:
        raise click.BadParameter(f"{end.isoformat()} is later than now", param_hint="--end")
    if start >= (end or now):
        raise click.BadParameter("the shop opens after the end", param_hint="--start")
    begins = None if since in {None, _LIVE} else _MOMENT.convert(since, None, None)
    played = Plan(start=start, end=end, since=begins, since_live=since == _LIVE, **plan)  # type: ignore[arg-type]
    asyncio.run(_simulate(played, settings, key, out))


def _months_before(moment: datetime, months: int) -> datetime:
    """The first of the month, `months` before: the same for a month, so that simulating again duplicates."""
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


async def _simulate(plan: Plan, settings: Settings, key: Key, out: str | None) -> None:
    if out is not None:
        with to_file(out) as write, HistoryBar() as bar:
            progress = await play(plan, write, bar.watch)
    else:
        # It warns of each topic that was made a moment ago; what matters is raised.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        async with to_kafka(settings, key) as write:
            with HistoryBar() as bar:
                progress = await play(plan, write, bar.watch)
    _report(progress)


def _report(progress: Progress) -> None:
    click.echo(f"{counted(progress.sent, 'event')} ({progress.rate:,.0f}/s)", err=True)
