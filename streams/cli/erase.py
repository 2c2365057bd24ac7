"""`retention erase`: erase a customer."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from streams.cli.messages import confirm
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import topics
from streams.operations import erasure

_MAX_ID_CHARACTERS: Final = 128


@click.command("erase")
@click.argument("customer")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@settings_options("broker", "group", "clock")
def command(settings: Settings, customer: str, *, yes: bool) -> None:
    """Erase CUSTOMER, and every identity that was merged with this customer.

    Sends the event customer.erased to the customers input, and waits until the workers have applied it. An
    erasure cannot be undone. Only a keyed hash of the id remains, by which later events of the customer are
    recognised, dropped and counted. The command prints what is removed, and when the last copy is gone.
    """
    if not 0 < len(customer) <= _MAX_ID_CHARACTERS:
        raise click.BadParameter(f"an id has 1 to {_MAX_ID_CHARACTERS} characters", param_hint="CUSTOMER")
    if not yes:
        confirm(f"Erase {customer}, and all identities merged with it, permanently?")
    now = datetime.now(UTC)
    requested = asyncio.run(erasure.request(settings, customer, now))
    click.echo(
        f"requested: customer.erased is in {requested.tp.topic}-{requested.tp.partition}"
        f" at offset {requested.offset}"
    )
    _print_outcome(settings, customer, now, asyncio.run(erasure.outcome(settings, requested)))
    _print_remains(settings, now)


def _print_outcome(settings: Settings, customer: str, now: datetime, outcome: erasure.Outcome) -> None:
    match outcome:
        case "no_workers":
            click.echo(
                f"No worker of group {settings.group} is running: the next one to start erases the customer."
            )
            _print_removed(settings, "removed then", f"{topics.COMPACTED_DAYS} days later")
        case "timeout":
            raise RetentionError(
                f"the workers did not apply the erasure within {erasure.TIMEOUT_SECONDS:.0f} s",
                "they apply it when they have caught up; repeat the command to wait again",
            )
        case "unknown_customer":
            click.echo(
                f"done: no data of {customer} was found. The id may be misspelt, or erased before."
                " Later events of it are dropped\n"
            )
        case "erased":
            click.echo("done: the customer is erased")
            _print_removed(settings, "removed", f"{now + timedelta(days=topics.COMPACTED_DAYS):%Y-%m-%d}")


def _print_removed(settings: Settings, removed: str, compacted: str) -> None:
    names = topics.Names.of(settings)
    read_model = ", Redis" if settings.redis else ""
    click.echo(
        f"""
{removed:18} metrics, the state, its changelog ({names.changelog}), {names.customers}{read_model}
  last copy gone   {compacted}, when Kafka has compacted the two topics at the latest"""
    )


def _print_remains(settings: Settings, now: datetime) -> None:
    kept = now + timedelta(days=topics.KEPT_DAYS)
    names = topics.Names.of(settings)
    expiring = f"{names.facts}, {names.transitions}, {names.ticket_slas}, {names.actions}"
    click.echo(
        f"""\
expires            {expiring}, {names.dead_letters}
  last copy gone   {kept:%Y-%m-%d}
not managed        the inputs, subject to their owners' retention; {erasure.topic_of(settings)} has the
erasure
remains            a keyed hash in {names.changelog}"""
    )
