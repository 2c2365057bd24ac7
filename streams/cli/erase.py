"""`retention erase`: forget a customer."""

import asyncio
from datetime import UTC, datetime, timedelta

import click

from streams.cli.messages import confirm
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import topics
from streams.operations import erasure, erasure_check

_LONGEST_ID = 128


@click.command("erase")
@click.argument("customer")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options("broker", "group")
def command(settings: Settings, customer: str, *, yes: bool) -> None:
    """Forget CUSTOMER, and all identities that were merged with them.

    Sends the event customer.erased to the input customers, and waits until the workers have done what it
    says. It cannot be undone: what remains is a keyed hash, by which later events of theirs are known,
    dropped and counted. Says what is removed, and when the last copy is gone.
    """
    if not 0 < len(customer) <= _LONGEST_ID:
        raise click.BadParameter(f"an id has 1 to {_LONGEST_ID} characters", param_hint="CUSTOMER")
    if not yes:
        confirm(f"Forget {customer}, and who was merged with them, for ever?")
    now = datetime.now(UTC)
    rows = asyncio.run(erasure_check.end(settings, customer))
    place, offset = asyncio.run(erasure.ask(settings, customer, now))
    click.echo(f"asked: customer.erased is in {place.topic}-{place.partition} at offset {offset}")
    if not asyncio.run(erasure.is_running(settings)):
        click.echo(f"No worker of group {settings.group} runs: they are forgotten when one does.")
        _say_what_is_removed(settings, "removed then", f"{topics.COMPACTED_DAYS} days later")
    elif not asyncio.run(erasure.done(settings, place, offset)):
        raise RetentionError(
            f"the workers have not done it within {erasure.PATIENCE_SECONDS:.0f} s",
            "they will once they have caught up; the same command waits for it again",
        )
    elif rows is not None and asyncio.run(erasure_check.any_since(settings, customer, rows)) is False:
        click.echo(
            f"done: nothing is known of {customer}: misspelt, or erased before? What comes is dropped\n"
        )
    else:
        click.echo("done: the workers have forgotten them")
        _say_what_is_removed(settings, "removed", f"{now + timedelta(days=topics.COMPACTED_DAYS):%Y-%m-%d}")
    _say_what_remains(settings, now)


def _say_what_is_removed(settings: Settings, removed: str, compacted: str) -> None:
    changelog = topics.Names(settings.group).changelog
    read_model = ", Redis" if settings.redis else ""
    click.echo(
        f"""
{removed:18} metrics, the state, its changelog ({changelog}), {topics.CUSTOMERS}{read_model}
  last copy gone   {compacted}, when Kafka has compacted the two topics at the latest"""
    )


def _say_what_remains(settings: Settings, now: datetime) -> None:
    kept = now + timedelta(days=topics.KEPT_DAYS)
    names = topics.Names(settings.group)
    passing = f"{names.facts}, {topics.TRANSITIONS}, {topics.TICKET_SLAS}, {topics.ACTIONS}"
    click.echo(
        f"""\
leaves by itself   {passing}, {topics.DEAD_LETTERS}
  last copy gone   {kept:%Y-%m-%d}
not ours           the inputs ({erasure.topic_of(settings)} has their erasure, too): their owners' retention
remains            a keyed hash in {names.changelog}"""
    )
