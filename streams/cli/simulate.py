"""`retention simulate`: send a simulated shop's events to Kafka, or write them to a file."""

import asyncio
import logging
from datetime import UTC, datetime

import click

from models.definitions.schedules import Schedule
from streams.cli.file_options import OutputFile
from streams.cli.messages import counted, warn
from streams.cli.options import settings_options
from streams.cli.progress import HistoryProgress
from streams.config.load import Settings
from streams.simulator import SCENARIOS
from streams.simulator.live import Plan, play
from streams.simulator.writers import Key, to_file, to_kafka

_MONTHS = 18
_LIVE = "live"


class Moment(click.ParamType):
    """A date, or a date and a time, in UTC unless it has an offset."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time; fail with an example if it is not ISO 8601."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-01-31 or 2026-01-31T08:00:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_MOMENT = Moment()


@click.command(
    "simulate", epilog="Scenarios: " + "; ".join(f"{n}: {s.description}" for n, s in SCENARIOS.items())
)
@click.option("--seed", default=1, show_default=True, help="Seed of the random generator.")
@click.option(
    "--customers", default=20_000, show_default=True, type=click.IntRange(1), help="Customers in 18 months."
)
@click.option(
    "--scenario",
    default="steady",
    show_default=True,
    type=click.Choice(list(SCENARIOS)),
    help="Scenario of the shop.",
)
@click.option("--since", help="Start of the scenario, or `live`. [default: 200 days before the end]")
@click.option("--until", type=_MOMENT, help="End of the scenario. [default: never]")
@click.option(
    "--start", type=_MOMENT, help="Opening of the shop. [default: the first of a month, 18 months ago]"
)
@click.option(
    "--end", type=_MOMENT, help="End of the events. [default: continue live; with --out, today 0:00 UTC]"
)
@click.option(
    "--speed", default=0.0, type=click.FloatRange(0), help="Event time per real time; 0: as fast as possible."
)
@click.option(
    "--rate", default=0.0, type=click.FloatRange(0), help="Live events per second, as on a busy day."
)
@click.option("--garbage", default=0.0, type=click.FloatRange(0, 1), help="Invalid records per valid one.")
@click.option(
    "--key", default="customer", show_default=True, type=click.Choice(["customer", "event", "none"]),
    help="Key of the records.",
)  # fmt: skip
@click.option(
    "--currency", "currencies", multiple=True, default=("USD",), help="Currency of orders; repeatable."
)
@click.option(
    "--support-hours",
    metavar="SCHEDULE",
    help="Schedule of the configuration file in which agents work. [default: at any hour]",
)
@click.option(
    "--out", type=OutputFile(), help="A file (.jsonl or .jsonl.gz; - for standard output) instead of Kafka."
)
@settings_options("broker", "partitions", "replication")
def command(
    *,
    settings: Settings,
    out: str | None,
    key: Key,
    start: datetime | None,
    end: datetime | None,
    since: str | None,
    support_hours: str | None,
    **plan: object,
) -> None:
    """Send a simulated shop's events: its history up to now, then live events.

    Equal seeds and options give equal events. No event is later than the present. Ctrl-C stops.
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
    hours = _schedule(settings, support_hours)
    played = Plan(start=start, end=end, since=begins, since_live=since == _LIVE, hours=hours, **plan)  # type: ignore[arg-type]
    asyncio.run(_simulate(played, settings, key, out))


def _schedule(settings: Settings, name: str | None) -> Schedule | None:
    """Return a schedule of the configuration. None without a name."""
    if name is None:
        return None
    known = settings.definitions.schedules
    if name not in known:
        expected = f"expected {', '.join(known)}" if known else "no [schedules.NAME] is configured"
        raise click.BadParameter(f"{name!r} is not a schedule; {expected}", param_hint="--support-hours")
    return known[name]


def _months_before(moment: datetime, months: int) -> datetime:
    """Return the first of the month, `months` before.

    The result is the same during a month, so that a repeated simulation sends duplicates.
    """
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


async def _simulate(plan: Plan, settings: Settings, key: Key, out: str | None) -> None:
    if out is not None:
        with to_file(out) as write, HistoryProgress() as bar:
            progress = await play(plan, write, bar.update)
    else:
        # It warns about each topic that was just created; errors that matter are raised.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        async with to_kafka(settings, key) as write:
            with HistoryProgress() as bar:
                progress = await play(plan, write, bar.update)
    warn(f"{counted(progress.sent, 'event')} ({progress.rate:,.0f}/s)")
