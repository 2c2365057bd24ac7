"""What `retention map check` found, for a person."""

import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.cli.messages import counted
from streams.mapping.dry_run import Example, Report

#: A row of ten columns before and after a change is seen in whole.
_LINES = 36
_LISTED = 20


def show(report: Report) -> None:
    """Print a report."""
    console = Console(highlight=False, emoji=False)
    for example in report.examples:
        console.print(_side_by_side(example))
    records = counted(report.records, "record")
    console.print(f"[bold]{escape(report.topic)}[/] by {escape(report.mapping)}: {records}")
    _events(console, report)
    _refused(console, report)
    _fields(console, report)
    _customers(console, report)


def _side_by_side(example: Example) -> Table:
    where = f"partition {example.partition}, offset {example.offset}"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column(f"came in ({where})", ratio=1, overflow="fold")
    table.add_column("became", ratio=1, overflow="fold")
    became = [_json(event) for event in example.became]
    if example.refused:
        became.append(f"[red]{escape(_printable(example.refused))}[/]")
    table.add_row(_json(example.came_in), "\n".join(became))
    return table


def _json(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str)
    content = text if isinstance(text, str) else msgspec.json.format(text, indent=1).decode()
    lines = _printable(content).splitlines()
    more = [f"… {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return escape("\n".join([*lines[:_LINES], *more]))


def _printable(text: str) -> str:
    """Escape what a terminal would obey."""
    return "".join(one if one.isprintable() or one == "\n" else "\N{MIDDLE DOT}" for one in text)


def _events(console: Console, report: Report) -> None:
    for name, count in report.events.items():
        console.print(f"  {count:>9,}  {name}")
    for name, count in report.skipped.items():
        console.print(f"  {count:>9,}  left out by the mapping's skip.{escape(name)}")
    if report.anonymous:
        share = report.anonymous / max(report.records, 1)
        console.print(
            f"  {report.anonymous:>9,}  anonymous: nothing says whose they are ({share:.1%} of the records)"
        )
    if report.nothing:
        console.print(f"  {report.nothing:>9,}  became nothing: no rule is about them")
    if report.no_row:
        console.print(f"  {report.no_row:>9,}  hold no row: tombstones, truncated tables")
    if report.earliest:
        console.print(f"  events from {report.earliest} to {report.latest}")


def _refused(console: Console, report: Report) -> None:
    if not report.refused:
        console.print("[green]nothing is refused[/]")
        return
    console.print("[red]refused[/]")
    for one in report.refused[:_LISTED]:
        console.print(
            f"  {one.records:>9,}  {one.reason}: {escape(_printable(one.message))}"
            f" (such as partition {one.partition}, offset {one.offset})"
        )


def _fields(console: Console, report: Report) -> None:
    if report.unread:
        names = ", ".join(one.path for one in report.unread[:_LISTED])
        more = f" and {len(report.unread) - _LISTED} more" if len(report.unread) > _LISTED else ""
        console.print(f"not looked at: {escape(_printable(names))}{more}")
    if report.unseen:
        console.print(f"[yellow]in no record: {escape(', '.join(report.unseen))}[/]")


def _customers(console: Console, report: Report) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("partition", "records", "customers", "in place"):
        table.add_column(column, justify="right")
    for one in report.partitions[:_LISTED]:
        share = f"{one.in_place / one.customers:.0%}" if one.customers else "-"
        table.add_row(str(one.partition), f"{one.records:,}", f"{one.customers:,}", share)
    if report.partitions:
        console.print(table)
    if report.scattered:
        console.print(
            f"customers in several partitions: {report.scattered:,} (fine, at a hop for each record)"
        )
