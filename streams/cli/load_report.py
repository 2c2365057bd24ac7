"""What a load says when it is done: of each kind how many, from when to when; what was left out, and why."""

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from streams.backfill.loading import Loading


def report(state: Loading) -> None:
    """Print it on standard error."""
    for row in _rows(state):
        click.echo(row, err=True)
    rate = state.events / max(state.seconds, 1e-9)
    click.echo(f"{state.events:,} events sent in {state.seconds:.1f} s ({rate:,.0f}/s)", err=True)


def _rows(state: Loading) -> Iterator[str]:
    for topic, sent in sorted(state.sent.items()):
        yield f"{topic:<10} {sent.events:>12,}   {_moment(sent.earliest)}   {_moment(sent.latest)}"
    left_out = sum(state.left_out.values())
    if left_out:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(state.left_out.items()))
        yield f"{left_out:,} line{'s' if left_out > 1 else ''} left out: {reasons}"


def _moment(us: int | None) -> str:
    return "" if us is None else f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M:%S}"
