"""`retention reset`: delete all derived data, so that workers start again from the earliest events."""

import asyncio

import click

from streams.cli.messages import confirm, counted, warn
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.operations import reset
from streams.read_model.store import Store


@click.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@settings_options("broker", "group", "redis", "data_dir")
def command(settings: Settings, *, yes: bool) -> None:
    """Delete the state, the committed offsets and the metrics, and start again from the earliest events.

    Deletes the group's internal topics, its offsets, the derived topics (retention.metrics, -.customers,
    -.transitions, -.ticket-sla, -.actions), the read model in Redis and the local state. Stop the workers
    first. The next worker reads the inputs from their beginning. Inputs, dead letters, and the values of
    closed periods (retention.periods) are kept.
    """
    asyncio.run(reset.require_stopped(settings))
    if not yes:
        _print_plan(settings)
        confirm("Continue?")
    deleted = asyncio.run(reset.delete_topics(settings))
    for topic in deleted.topics:
        click.echo(f"deleted topic {topic}")
    if deleted.had_offsets:
        click.echo(f"deleted the offsets of group {settings.group}")
    _mark_dead_letters(settings)
    if settings.redis is not None:
        _clear_read_model(settings.redis, settings.group)
    if reset.delete_local_state(settings):
        click.echo(f"deleted {reset.local_state(settings)}")
    click.echo("The next worker starts from the earliest events.")


def _print_plan(settings: Settings) -> None:
    warn(f"For group {settings.group} at {settings.broker}, this deletes:")
    for topic in reset.topics_of(settings):
        warn(f"  topic {topic}")
    if settings.redis is not None:
        warn(f"  the read model at {Store(settings.redis, settings.group).name}")
    warn("  the committed offsets")
    warn(f"  {reset.local_state(settings)}")


def _mark_dead_letters(settings: Settings) -> None:
    try:
        marked = asyncio.run(reset.mark_dead_letters(settings))
    except RetentionError as error:
        warn(f"the dead letters stay listed as not redriven: {error}")
        return
    if marked:
        click.echo(f"marked {counted(marked, 'dead letter')} as redriven: the next worker reads them again")


def _clear_read_model(url: str, group: str) -> None:
    cleared = asyncio.run(reset.clear_read_model(url, group))
    if cleared.error:
        warn(f"kept the read model at {cleared.name}, which the next worker clears: {cleared.error}")
    else:
        click.echo(f"deleted the read model at {cleared.name} ({counted(cleared.keys, 'key')})")
