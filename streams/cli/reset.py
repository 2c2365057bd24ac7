"""`retention reset`: start again from the earliest events."""

import asyncio
import shutil
from contextlib import aclosing

import click
from redis.exceptions import RedisError

from streams.cli.messages import confirm
from streams.cli.options import settings_options
from streams.config.load import Settings
from streams.errors import GroupActive
from streams.kafka import admin, topics
from streams.read_model.store import Store


@click.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options("broker", "group", "redis", "data_dir")
def command(settings: Settings, *, yes: bool) -> None:
    """Start again from the earliest events: forget the state, the committed offsets and the metrics.

    Deletes the group's internal topics, its offsets, the derived topics (retention.metrics, -.customers,
    -.transitions, -.ticket-sla, -.actions), the read model in Redis and the local state. Workers have to be
    stopped first; the next one that starts reads the inputs from their beginning. Inputs and dead letters
    stay.
    """
    doomed = [*topics.Names(settings.group).internal, *topics.DERIVED]
    local = settings.data_dir / "faust"
    asyncio.run(_refuse_if_active(settings))
    if not yes:
        click.echo(f"Of group {settings.group} at {settings.broker}, this deletes:", err=True)
        for topic in doomed:
            click.echo(f"  topic {topic}", err=True)
        if settings.redis is not None:
            click.echo(f"  the read model at {Store(settings.redis, settings.group).name}", err=True)
        click.echo(f"  the committed offsets\n  {local}", err=True)
        confirm("Go on?")
    deleted, had_offsets = asyncio.run(_reset(settings, doomed))
    for topic in deleted:
        click.echo(f"deleted topic {topic}")
    if had_offsets:
        click.echo(f"deleted the offsets of group {settings.group}")
    if settings.redis is not None:
        asyncio.run(_clear_read_model(settings.redis, settings.group))
    if local.exists():
        shutil.rmtree(local)
        click.echo(f"deleted {local}")
    click.echo("The next worker starts from the earliest events.")


async def _clear_read_model(url: str, group: str) -> None:
    async with aclosing(Store(url, group)) as store:
        try:
            removed = await store.clear()
        except RedisError as error:
            # It belongs to topics that are no more: the next worker clears it by itself.
            click.echo(f"left the read model at {store.name} for the next worker: {error}", err=True)
        else:
            click.echo(f"deleted the read model at {store.name} ({removed} keys)")


async def _refuse_if_active(settings: Settings) -> None:
    async with admin.connect(settings) as client:
        _, members = await admin.group_members(client, settings.group)
        if members:
            raise GroupActive(settings.group, len(members))


async def _reset(settings: Settings, doomed: list[str]) -> tuple[list[str], bool]:
    """Delete topics and offsets; give the topics that there were, and whether there were offsets."""
    async with admin.connect(settings) as client:
        # The group first: it is refused while it has members, and one may have joined while we asked.
        had_offsets = await admin.delete_group(client, settings.group)
        return await admin.delete_topics(client, doomed), had_offsets
