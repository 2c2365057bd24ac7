"""`retention doctor`: what is wrong, and what to do about it."""

import asyncio
import os
import platform

import click

from streams.cli.options import settings_options
from streams.config import kafka_security
from streams.config.load import SETTINGS, Settings
from streams.operations import doctor
from streams.operations.doctor import setup
from streams.version import VERSION

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def _principal(ctx: click.Context, param: click.Parameter, given: str | None) -> str | None:
    del ctx, param
    if given is not None and not all(given.partition(":")):
        raise click.BadParameter(f"{given!r} is not what Kafka calls a principal, such as User:shop")
    return given


@click.command("doctor")
@click.option(
    "--setup",
    "form",
    type=click.Choice(list(setup.FORMS)),
    help="Print the topics and ACLs that are needed, and look at nothing.",
)
@click.option(
    "--principal",
    callback=_principal,
    metavar="User:NAME",
    help="With --setup: who is to have the rights. [default: as the settings say]",
)
@settings_options(*(name for name in SETTINGS if name != "config"), warn=False)  # it is one of its findings
def command(settings: Settings, form: str | None, principal: str | None) -> int:
    """Look at settings, this machine and Kafka, and say what is wrong and what to do about it.

    Nothing is changed. The exit code is 1 if anything fails, and 0 otherwise, warnings or not.
    """
    if form:
        click.echo(setup.told(settings, form, principal))
        return 0
    click.echo(f"retention {VERSION}, Python {platform.python_version()}, {platform.platform()}\n")
    shown = {
        setting.variable: f"{settings.shown(name)}  ({settings.sources[name]})"
        for name, setting in SETTINGS.items()
        if name not in kafka_security.NAMES[1:]
        or settings.sources[name] != "default"  # most need none of these
    }
    width = max(map(len, shown))
    for variable, value in shown.items():
        click.echo(f"{variable:<{width}} {value}")
    click.echo()
    return asyncio.run(_report(settings))


async def _report(settings: Settings) -> int:
    failed = False
    async for finding in doctor.diagnose(settings, os.environ):
        failed |= finding.level == "fail"
        click.echo(f"{click.style(f'{finding.level:<4}', _COLOURS[finding.level])}  {finding.what}")
        for line in finding.advice.splitlines():
            click.echo(f"      {line}")
    return int(failed)
