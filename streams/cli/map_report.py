"""Print the report of `retention map check`."""

import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.backfill.rejection import REPEATED_HEADER
from streams.cli.conflict_report import conflict_line, other_currencies_line
from streams.cli.field_report import unseen_line, unused_line
from streams.cli.messages import counted
from streams.mapping.dry_run_report import Example, Report
from streams.mapping.identity_joins import described
from streams.printable import printable

#: Lines of an example; enough for a row of ten columns before and after a change.
_MAX_LINES = 36
_MAX_LISTED = 20


def print_report(report: Report) -> None:
    """Print the report of a dry run as text and tables."""
    console = Console(highlight=False, emoji=False)
    for example in report.examples:
        console.print(_side_by_side(example))
    records = counted(report.records, "record")
    console.print(f"[bold]{escape(printable(report.topic))}[/] by {escape(report.mapping)}: {records}")
    _events(console, report)
    _refused(console, report)
    _conflicts(console, report)
    _fields(console, report)
    _customers(console, report)


def _side_by_side(example: Example) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column(f"record ({example.described})", ratio=1, overflow="fold")
    table.add_column("events", ratio=1, overflow="fold")
    became = [_json(event) for event in example.events]
    if example.refused:
        became.append(f"[red]{escape(printable(example.refused))}[/]")
    table.add_row(_json(example.record), "\n".join(became))
    return table


def _json(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str)
    content = text if isinstance(text, str) else msgspec.json.format(text, indent=1).decode()
    lines = printable(content).splitlines()
    more = [f"… {len(lines) - _MAX_LINES} more lines"] if len(lines) > _MAX_LINES else []
    return escape("\n".join([*lines[:_MAX_LINES], *more]))


def _events(console: Console, report: Report) -> None:
    for name, count in report.events.items():
        console.print(f"  {count:>9,}  {name}")
    for name, count in report.skipped.items():
        label = name if name == REPEATED_HEADER else f"left out by the mapping's rule {name}"
        console.print(f"  {count:>9,}  {escape(label)}")
    if report.anonymous:
        share = report.anonymous / max(report.records, 1)
        console.print(
            f"  {report.anonymous:>9,}  anonymous: they name no customer ({share:.1%} of the records)"
        )
    if report.unchanged:
        console.print(f"  {report.unchanged:>9,}  unchanged: a field that the event needs has a placeholder")
    if report.nothing:
        console.print(f"  {report.nothing:>9,}  no event: no rule applies to them")
    if report.no_row:
        console.print(f"  {report.no_row:>9,}  no row: tombstones and truncations of tables")
    if report.earliest:
        console.print(f"  events from {report.earliest} to {report.latest}")


def _refused(console: Console, report: Report) -> None:
    if not report.refused:
        console.print("[green]no record is rejected[/]")
        return
    console.print("[red]rejected[/]")
    for one in report.refused[:_MAX_LISTED]:
        console.print(
            f"  {one.records:>9,}  {one.reason}: {escape(printable(one.message))}"
            f" (for example {escape(one.described)})"
        )


def _conflicts(console: Console, report: Report) -> None:
    for kind, count in report.conflicts.items():
        line = conflict_line(kind, count, printable(report.conflicting[kind]))
        console.print(f"[yellow]{escape(line)}[/]")
    if report.other_currencies:
        line = other_currencies_line(report.other_currencies, printable(report.other_currency))
        console.print(f"[yellow]{escape(line)}[/]")


def _fields(console: Console, report: Report) -> None:
    if report.unread:
        console.print(escape(printable(unused_line(report.unread))))
    if report.missing:
        console.print(f"[red]no record has {escape(printable(report.missing))}[/]")
    if report.unseen:
        console.print(f"[yellow]{escape(printable(unseen_line(report.unseen, report.meant)))}[/]")


def _customers(console: Console, report: Report) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("partition", "records", "customers", "co-located"):
        table.add_column(column, justify="right")
    for one in report.partitions[:_MAX_LISTED]:
        share = f"{one.in_place / one.customers:.0%}" if one.customers else "-"
        table.add_row(str(one.partition), f"{one.records:,}", f"{one.customers:,}", share)
    if report.partitions:
        console.print(table)
    for joined in report.joined:
        console.print(f"[yellow]{escape(printable(described(joined)))}[/]")
    if report.scattered:
        console.print(
            f"customers in several partitions: {report.scattered:,} "
            "(supported; each such record passes the repartition topic)"
        )
