"""What a load says when it is done: of each topic how many, from when to when; what was not sent, and why."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from streams.backfill.loading import Loading
from streams.cli.left_out import exit_code, told
from streams.cli.messages import counted


def report(state: Loading, kept: Path | None) -> None:
    """Print it on standard error.

    Args:
        state: how far it has come.
        kept: the file to which refused lines were added, if there is one.
    """
    for row in _rows(state, kept):
        click.echo(row, err=True)
    rate = state.events / max(state.seconds, 1e-9)
    sent = counted(state.events, "event")
    click.echo(f"{sent} sent in {state.seconds:.1f} s ({rate:,.0f}/s)", err=True)


def _rows(state: Loading, kept: Path | None) -> Iterator[str]:
    for topic, sent in sorted(state.sent.items()):
        yield f"{topic:<10} {sent.events:>12,}   {_moment(sent.earliest)}   {_moment(sent.latest)}"
    yield from told(state.left_out, kept)
    if kept is None and exit_code(state.left_out):
        yield "  refused lines were not sent; they are in their files, and --refused FILE collects them"


def _moment(us: int | None) -> str:
    return "" if us is None else f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M:%S}"
