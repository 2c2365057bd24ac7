"""`retention dead-letters`: list rejected records, and send corrected ones to their topics again."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from models.contract.decoding import Reason
from streams.cli.messages import counted, warn
from streams.cli.options import settings_options
from streams.clock import time_of_record
from streams.config.load import Settings
from streams.mapping.shown_values import short_text, shortened
from streams.operations import dead_letter_json, dead_letters, redrive
from streams.operations.dead_letters import DeadLetter
from streams.printable import printable_line

_EXCERPT_BYTES: Final = 400
_INDENT: Final = (0, 0, 0, 4)
_MAX_PLACES: Final = 3

_REASON = click.option("--reason", type=click.Choice(get_args(Reason)), help="Only records with this reason.")


# Click keeps the line breaks of a paragraph that begins with a backspace.
_EXAMPLE: Final = """\b
retention dead-letters list --json > dead-letters.jsonl
(edit the values)
retention dead-letters redrive --file dead-letters.jsonl
"""


@click.group("dead-letters", epilog=_EXAMPLE)
def command() -> None:
    """List rejected records, and send corrected ones to their topics again."""


@command.command("list")
@_REASON
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="Maximum number, latest first."
)
@click.option("--json", "as_json", is_flag=True, help="One complete JSON object a line; no limit by default.")
@settings_options("broker")
@click.pass_context
def list_command(
    context: click.Context, settings: Settings, reason: str | None, limit: int, *, as_json: bool
) -> None:
    """List the dead letters, oldest first."""
    found = asyncio.run(dead_letters.oldest_first(settings, reason))
    unlimited = as_json and context.get_parameter_source("limit") is click.core.ParameterSource.DEFAULT
    shown = found if unlimited else found[-limit:]
    if as_json:
        for dead_letter in shown:
            click.echo(msgspec.json.encode(dead_letter_json.to_json(dead_letter)))
        return
    console = Console(highlight=False)
    for dead_letter in shown:
        _print(console, dead_letter)
    warn(_counts(found))
    if len(shown) < len(found):
        warn(f"Only the latest {len(shown):,} are listed; --limit lists more.")


def _counts(found: Sequence[DeadLetter]) -> str:
    """Return the number of dead letters, of those not redriven, and of each reason."""
    if not found:
        return counted(0, "dead letter")
    remaining = sum(not dead_letter.redriven for dead_letter in found)
    reasons = Counter(dead_letter.reason for dead_letter in found)
    listed = ", ".join(f"{count:,} {name}" for name, count in reasons.most_common())
    return f"{counted(len(found), 'dead letter')}, {remaining:,} not redriven: {listed}"


@command.command("redrive")
@_REASON
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Send the records of this file, in the format of `list --json`, instead of those in the topic.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@settings_options("broker", "clock")
def redrive_command(settings: Settings, reason: str | None, file: Path | None, *, dry_run: bool) -> int:
    """Send dead letters to the topics from which they were read.

    Each record is checked first. Records that would be rejected again are reported with their place and not
    sent, and the exit code is 1. Sending a record twice does no harm: the second one is a duplicate.
    """
    if file:
        found = dead_letter_json.read_file(file, settings)
    else:
        found = asyncio.run(dead_letters.oldest_first(settings, reason))
    selected = [dead_letter for dead_letter in found if reason in (None, dead_letter.reason)]
    checked = asyncio.run(redrive.check(settings, selected))
    if checked.valid and not dry_run:
        asyncio.run(redrive.send(settings, checked.valid))
    topics = Counter(dead_letter.topic for dead_letter in redrive.without_duplicates(checked.valid))
    for topic, count in sorted(topics.items()):
        sent = f"{'would send' if dry_run else 'sent'} {counted(count, 'record')} to {topic}"
        click.echo(printable_line(sent))
    for error, invalid in sorted(checked.invalid.items(), key=lambda item: -len(item[1])):
        warn(f"{len(invalid):,} would be rejected again: {error} ({_places(invalid)})")
    if not selected:
        warn("there are no dead letters to send")
    return 1 if checked.invalid else 0


def _places(found: Sequence[DeadLetter]) -> str:
    """Return the places of the first dead letters, and the number of the remaining ones."""
    first = [str(dead_letter.place) for dead_letter in found[:_MAX_PLACES]]
    more = len(found) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")


def _print(console: Console, dead_letter: DeadLetter) -> None:
    """Print the time, reason and place, the message, and the fields of the value with shortened values."""
    at = time_of_record(dead_letter.timestamp)
    shown = f"{at:%Y-%m-%d %H:%M:%S}" if at else f"timestamp {dead_letter.timestamp}"
    reason, place = printable_line(dead_letter.reason), printable_line(str(dead_letter.place))
    console.print(Text(f"{shown}  ").append(reason, "bold").append(f"  {place}"))
    console.print(Padding(Text(printable_line(dead_letter.message)), _INDENT))
    excerpt = Text(_excerpt(dead_letter.value), style="dim", no_wrap=True, overflow="ellipsis")
    console.print(Padding(excerpt, _INDENT))


def _excerpt(value: bytes | None) -> str:
    """Return the fields of a value with shortened values, or its beginning."""
    try:
        text = msgspec.json.encode(shortened(msgspec.json.decode(value or b"", type=dict[str, Any]))).decode()
    except (ValueError, RecursionError):
        text = short_text((value or b"")[:_EXCERPT_BYTES].decode(errors="replace"))
    return printable_line(text)
