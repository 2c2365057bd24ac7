"""`retention periods`: list and show the frozen values of closed periods, and reopen one."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Final

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.contract.messages import ClosedPeriod, Metric, PeriodValue
from models.definitions.periods import PERIOD_KINDS
from streams.cli.messages import counted, warn
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.operations import periods
from streams.printable import printable_line

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object a line.")
#: Width, characters, where the output is not a terminal.
_WIDTH: Final = 180
#: Longest reason of a reopening, characters.
_LONGEST_REASON: Final = 1_000
#: Labels of a period itself, which are the same for all of its series.
_OWN_LABELS: Final = frozenset({"kind", "period", "basis"})

# Click keeps the line breaks of a paragraph that begins with a backspace.
_EXAMPLES: Final = """\b
retention periods list --kind month
retention periods show 2026-10
retention periods reopen 2026-10 --because "refunds of the recalled blender"
"""


@click.group("periods", epilog=_EXAMPLES)
def command() -> None:
    """List and show the frozen values of closed periods, and reopen one.

    Workers freeze the values of a week, month, quarter or year once, `close_after` (table [periods] of the
    configuration) after its end. A frozen value never changes.
    """


@command.command("list")
@click.option("--kind", type=click.Choice(PERIOD_KINDS), help="Only periods of this kind.")
@_JSON
@settings_options("broker", "group")
def list_command(settings: Settings, kind: str | None, *, as_json: bool) -> None:
    """List the frozen versions of all closed periods, by kind and name."""
    found = [one for one in asyncio.run(periods.versions(settings)) if kind in {None, one.kind}]
    if as_json:
        _print_json(found)
        return
    if found:
        _console().print(_versions(found))
    warn(counted(len(found), "frozen version"))


@command.command("show")
@click.argument("period")
@_JSON
@settings_options("broker", "group")
def show_command(settings: Settings, period: str, *, as_json: bool) -> None:
    """Show the values of all versions of PERIOD, and those as known now.

    PERIOD is the first date of a week (2026-10-05), or 2026-10, 2026-Q4 or 2026.
    """
    found = asyncio.run(periods.versions_of(settings, period))
    if as_json:
        _print_json(found)
        return
    now = asyncio.run(periods.present_values(settings, found[0].kind, period))
    _console().print(_versions(found))
    _console().print(_values(found, now))
    if not now:
        warn(f"{found[0].kind} {period} is not exported any more: no values as known now.")


def _reason(ctx: click.Context, param: click.Parameter, given: str) -> str:
    """Return a reason in one line, which fits into a record of `retention.periods`."""
    del ctx, param
    reason = " ".join(given.split())
    if not reason:
        raise click.BadParameter("the reason is empty")
    if len(reason) > _LONGEST_REASON:
        raise click.BadParameter(f"{len(reason)} characters are more than {_LONGEST_REASON}")
    if any("\ud800" <= one <= "\udfff" for one in reason):
        raise click.BadParameter("the reason is not UTF-8")
    return reason


@command.command("reopen", epilog="\b\n" + _EXAMPLES.splitlines()[-1])
@click.argument("period")
@click.option(
    "--because", required=True, callback=_reason, metavar="TEXT", help="Reason, which the new version names."
)
@_JSON
@settings_options("broker", "group")
def reopen_command(settings: Settings, period: str, because: str, *, as_json: bool) -> None:
    """Freeze the values of PERIOD once more, as known now, in a further version.

    The workers keep running. Series and dashboards then show the latest version; `show` and the API show
    all of them.
    """
    version = asyncio.run(periods.reopen(settings, period, because))
    if as_json:
        _print_json([version])
        return
    click.echo(f"froze {version.kind} {version.period} as version {version.version}")


def _print_json(found: Sequence[ClosedPeriod]) -> None:
    for version in found:
        click.echo(msgspec.json.encode(version))


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def _versions(found: Sequence[ClosedPeriod]) -> Table:
    table = _table("kind", "period", "version", "closed (UTC)", "release", "definitions", "")
    for one in found:
        closed = "waits for the workers" if one.closed is None else f"{one.closed:%Y-%m-%d %H:%M:%S}"
        because = "first start" if one.first_start else printable_line(one.because or "")
        cells = (one.kind, one.period, str(one.version), closed, one.release, one.definitions, because)
        table.add_row(*map(Text, cells))
    return table


def _values(found: Sequence[ClosedPeriod], now: Sequence[Metric]) -> Table:
    """Return a row for each series: the value of each version, as known now, and the difference."""
    frozen = [version for version in found if version.closed is not None]
    columns = [_by_title(version.values) for version in frozen]
    present = _by_title(now)
    table = _table("", *(f"version {version.version}" for version in frozen))
    for name in ("as now", "restated"):
        table.add_column(name)
    for column in table.columns[1:]:
        column.justify = "right"
    for title in {title: None for one in (*columns, present) for title in one}:
        last, known = columns[-1].get(title), present.get(title)
        difference = None if last is None or known is None else known - last
        cells = (*(one.get(title) for one in columns), known, difference)
        table.add_row(Text(title), *(_number(title, cell) for cell in cells))
    return table


def _by_title(values: Sequence[PeriodValue | Metric]) -> Mapping[str, float | None]:
    return {_title(one): one.value for one in values}


def _title(one: PeriodValue | Metric) -> str:
    """Return the title of a row, such as `customers, lost`."""
    labels = [value for name, value in one.labels.items() if name not in _OWN_LABELS]
    name = one.metric.removeprefix("retention_period_").replace("_", " ")
    return printable_line(", ".join([name, *labels]))


def _number(title: str, value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    if title.partition(",")[0].endswith(" ratio"):
        return f"{value:.2%}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
