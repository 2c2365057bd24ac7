"""`retention doctor`: diagnose a set-up."""

import asyncio
import os
import platform

import click

from streams.cli.options import settings_options
from streams.config import kafka_security
from streams.config.load import SETTINGS, Settings
from streams.operations import doctor
from streams.operations.doctor import setup
from streams.printable import printable_line
from streams.version import VERSION

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def _principal(ctx: click.Context, param: click.Parameter, given: str | None) -> str | None:
    del ctx, param
    if given is not None and not all(given.partition(":")):
        raise click.BadParameter(f"{given!r} is not a Kafka principal such as User:shop")
    return given


@click.command("doctor")
@click.option(
    "--setup",
    "form",
    type=click.Choice(list(setup.FORMS)),
    help="Print the required topics and ACLs, and check nothing.",
)
@click.option(
    "--principal",
    callback=_principal,
    metavar="User:NAME",
    help="With --setup: the principal that gets the rights. [default: the user of the settings]",
)
@settings_options(*(name for name in SETTINGS if name != "config"), warn=False)  # a check reports them
def command(settings: Settings, form: str | None, principal: str | None) -> int:
    """Check the settings, this machine and Kafka; print each problem and its correction.

    Nothing is changed. The exit code is 1 if a check fails, and otherwise 0, even with warnings.
    """
    if form:
        click.echo(setup.render(settings, form, principal))
        return 0
    click.echo(f"retention {VERSION}, Python {platform.python_version()}, {platform.platform()}\n")
    shown = {
        setting.variable: f"{settings.shown(name)}  ({settings.sources[name]})"
        for name, setting in SETTINGS.items()
        if name not in kafka_security.NAMES[1:]
        or settings.sources[name] != "default"  # most set-ups use none of these
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
        level = click.style(f"{finding.level:<4}", _COLOURS[finding.level])
        click.echo(f"{level}  {printable_line(finding.what)}")
        for line in finding.advice.splitlines():
            click.echo(f"      {printable_line(line)}")
    return int(failed)
