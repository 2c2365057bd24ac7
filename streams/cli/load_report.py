"""Print the result of a load: events sent to each topic, lines not sent and why."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from streams.backfill.load_state import LoadState
from streams.backfill.rejected_lines import exit_code, summary
from streams.cli.messages import counted, warn


def print_report(state: LoadState, rejected_file: Path | None) -> None:
    """Print the report on standard error.

    Args:
        state: state of the load.
        rejected_file: file to which rejected lines were appended; None if unset.
    """
    for row in _rows(state, rejected_file):
        warn(row)
    rate = state.events / max(state.seconds, 1e-9)
    warn(f"{counted(state.events, 'event')} sent in {state.seconds:.1f} s ({rate:,.0f}/s)")


def _rows(state: LoadState, rejected_file: Path | None) -> Iterator[str]:
    for topic, sent in sorted(state.sent.items()):
        yield f"{topic:<10} {sent.events:>12,}   {_time(sent.earliest)}   {_time(sent.latest)}"
    yield from summary(state.not_sent, rejected_file)
    if rejected_file is None and exit_code(state.not_sent):
        yield "  rejected lines were not sent and remain in their files; --refused FILE collects them"


def _time(us: int | None) -> str:
    return "" if us is None else f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M:%S}"
