"""`retention dead-letters`: look at refused records, and put corrected ones back."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click
import msgspec
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from models.contract.decoding import Reason
from streams.cli.messages import counted
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import acls, admin
from streams.kafka.acls import AclRequirement
from streams.operations import dead_letters
from streams.operations.dead_letters import DeadLetter, Place

_EXCERPT_BYTES = 400
_INDENT = (0, 0, 0, 4)
_PLACES = 3
_REQUEST_BYTES = 16 << 20

_REASON = click.option("--reason", type=click.Choice(get_args(Reason)), help="Only those with this reason.")


# Click keeps the lines of what begins with a backspace.
_EXAMPLE = """\b
retention dead-letters list --json > letters.jsonl
(edit the values)
retention dead-letters redrive --file letters.jsonl
"""


@click.group("dead-letters", epilog=_EXAMPLE)
def command() -> None:
    """List the records that were refused, and put corrected ones back."""


@command.command("list")
@_REASON
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The latest so many.")
@click.option(
    "--json", "as_json", is_flag=True, help="One object a line, complete; with no limit unless given."
)
@settings_options("broker")
@click.pass_context
def list_command(
    context: click.Context, settings: Settings, reason: str | None, limit: int, *, as_json: bool
) -> None:
    """List the dead letters, oldest first."""
    letters = asyncio.run(_read(settings, reason))
    unlimited = as_json and context.get_parameter_source("limit") is click.core.ParameterSource.DEFAULT
    shown = letters if unlimited else letters[-limit:]
    if as_json:
        for letter in shown:
            click.echo(msgspec.json.encode(dead_letters.to_json(letter)))
        return
    console = Console(highlight=False)
    for letter in shown:
        _print(console, letter)
    click.echo(_counts(letters), err=True)
    if len(shown) < len(letters):
        click.echo(f"These are the latest {len(shown):,}: --limit shows more.", err=True)


def _counts(letters: Sequence[DeadLetter]) -> str:
    """Say how many there are, and how many are left to be put back: these are the doctor's."""
    left = sum(not letter.put_back for letter in letters)
    reasons = Counter(letter.reason for letter in letters)
    listed = ", ".join(f"{count:,} {name}" for name, count in reasons.most_common())
    return counted(len(letters), "dead letter") + (f", {left:,} not put back: {listed}" if letters else "")


@command.command("redrive")
@_REASON
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put back what this file says, as `list --json` writes it, instead of what the topic holds.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@settings_options("broker", "clock")
def redrive_command(settings: Settings, reason: str | None, file: Path | None, *, dry_run: bool) -> int:
    """Put dead letters back on the topic they came from.

    Each is checked first: what would be refused again is left out and said, with where it was read, and the
    exit code is then 1. A record that was put back before does no harm: it is a duplicate.
    """
    letters = _of_file(file, settings) if file else asyncio.run(_read(settings, reason))
    selected = [letter for letter in letters if reason in (None, letter.reason)]
    asyncio.run(dead_letters.prepare(settings, selected))
    good, refused = _sort_out(selected, settings)
    different = _distinct(good)
    if good and not dry_run:
        asyncio.run(_put_back(settings, different, {letter.place for letter in good}))
    for topic, count in sorted(Counter(letter.topic for letter in different).items()):
        click.echo(f"{'would put' if dry_run else 'put'} {count:,} back on {topic}")
    for why, left in sorted(refused.items(), key=lambda item: -len(item[1])):
        click.echo(f"left out {len(left):,} that would be refused again: {why} ({_places(left)})", err=True)
    if not selected:
        click.echo("there is nothing to put back", err=True)
    return 1 if refused else 0


async def _read(settings: Settings, reason: str | None) -> list[DeadLetter]:
    letters = [letter async for letter in dead_letters.read(settings) if reason in (None, letter.reason)]
    return sorted(
        letters, key=lambda letter: (letter.timestamp, letter.topic, letter.partition, letter.offset)
    )


def _of_file(file: Path, settings: Settings) -> list[DeadLetter]:
    """Read the whole file before anything is sent.

    Raises:
        RetentionError: a line is not of the form that `list --json` writes.
    """
    letters = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                letters.append(dead_letters.of_json(line, settings))
            except (ValueError, RecursionError) as error:
                raise RetentionError(f"{file}:{number}: {error}", "nothing was sent") from None
    return letters


def _distinct(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Drop those that say the same again: a record refused twice is put back once."""
    return list({(letter.topic, letter.key, letter.value): letter for letter in letters}.values())


def _sort_out(
    letters: Sequence[DeadLetter], settings: Settings
) -> tuple[list[DeadLetter], dict[str, list[DeadLetter]]]:
    good: list[DeadLetter] = []
    refused: defaultdict[str, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        error = dead_letters.refusal(letter, settings)
        if error is None:
            good.append(letter)
        else:
            refused[str(error)].append(letter)
    return good, refused


def _places(letters: Sequence[DeadLetter]) -> str:
    """Where they were read; of many, the first."""
    first = [_place(letter) for letter in letters[:_PLACES]]
    more = len(letters) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")


async def _put_back(settings: Settings, letters: Sequence[DeadLetter], places: Collection[Place]) -> None:
    by_topic: defaultdict[str, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        by_topic[letter.topic].append(letter)
    options = {"acks": "all", "enable_idempotence": True, "max_request_size": _REQUEST_BYTES}
    async with admin.connect(settings) as client:
        await acls.require(client, [AclRequirement("topic", topic, ("WRITE",)) for topic in by_topic])
    async with AIOKafkaProducer(**settings.client_options(), **options) as producer:
        sent = [
            await producer.send(topic, letter.value, letter.key, headers=list(letter.headers))
            for topic, letters in by_topic.items()
            for letter in letters
        ]
        await asyncio.gather(*sent)
    await dead_letters.settle(settings, places)


def _place(letter: DeadLetter) -> str:
    """Where it was read, as Kafka's own tools write it."""
    return f"{letter.topic}-{letter.partition}@{letter.offset}"


def _print(console: Console, letter: DeadLetter) -> None:
    """Print when, why and where; what is wrong; and the beginning of what came in."""
    at = datetime.fromtimestamp(letter.timestamp / 1000, UTC).isoformat(sep=" ", timespec="seconds")
    heading = (
        Text(at.removesuffix("+00:00") + "  ").append(letter.reason, "bold").append(f"  {_place(letter)}")
    )
    console.print(heading)
    console.print(Padding(Text(letter.message), _INDENT))
    excerpt = Text(_excerpt(letter.value), style="dim", no_wrap=True, overflow="ellipsis")
    console.print(Padding(excerpt, _INDENT))


def _excerpt(value: bytes | None) -> str:
    """Give the beginning of a value, with what a terminal would obey escaped."""
    text = (value or b"")[:_EXCERPT_BYTES].decode(errors="replace")
    return "".join(character if character.isprintable() else "\N{MIDDLE DOT}" for character in text)
