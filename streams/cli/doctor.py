"""`retention doctor`: what is wrong, and what to do about it."""

import asyncio
import os
import platform
from importlib.metadata import version

import click

from streams import doctor
from streams.cli.options import settings_options
from streams.settings import SETTINGS, Settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@settings_options(*(name for name in SETTINGS if name != "config"))
def command(settings: Settings) -> int:
    """Look at settings, this machine and Kafka, and say what is wrong and what to do about it.

    Nothing is changed. The exit code is 1 if anything fails, and 0 otherwise, warnings or not.
    """
    click.echo(
        f"retention {version('retention')}, Python {platform.python_version()}, {platform.platform()}\n"
    )
    for name, setting in SETTINGS.items():
        click.echo(f"{setting.variable:<29} {settings.shown(name)}  ({settings.sources[name]})")
    click.echo()
    return asyncio.run(_report(settings))


async def _report(settings: Settings) -> int:
    failed = False
    async for finding in doctor.diagnose(settings, os.environ):
        failed |= finding.level == "fail"
        click.echo(f"{click.style(f'{finding.level:<4}', _COLOURS[finding.level])}  {finding.what}")
        if finding.advice:
            click.echo(f"      {finding.advice}")
    return int(failed)
