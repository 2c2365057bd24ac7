"""Flags that are settings: made of `streams.config.schema`, so that there is one list of them.

What reaches Kafka has flags for how it is reached, too. There are many, and most set-ups have them in the
environment: help shows the first, which says where the others are described. A secret itself has no flag,
only its file: what is on a command line can be seen by whoever is on the machine.
"""

import functools
import os
from collections.abc import Callable
from typing import TypeVar

import click

from streams.config import kafka_security
from streams.config.load import load, unknown_variables
from streams.config.schema import FILE, SETTINGS
from streams.secret import Secret

R = TypeVar("R")

#: What is said of a default that depends on the machine.
_DEPENDING = {"data_dir": "the user's cache directory"}


def settings_options(
    *names: str, reached_by: bool = True, warn: bool = True
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the flags of these settings and `--config`, and call it with `settings`.

    Args:
        names: settings.
        reached_by: whether `broker` brings along the flags for how it is reached.
        warn: say which variables look like settings and are none.

    Raises:
        SettingsError: on calling the command, a setting is not valid.
    """
    reached = kafka_security.NAMES if "broker" in names and reached_by else ()
    wanted = [*map(_option, dict.fromkeys((*names, *reached))), "config"]

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(function)
        def with_settings(**arguments: object) -> R:
            flags = {name: arguments.pop(name) for name in wanted}
            settings = load(flags)
            if warn:
                _warn_of_unknown_variables()
            return function(settings=settings, **arguments)

        command: Callable[..., R] = with_settings
        for name in reversed(wanted):
            command = _flag(name)(command)
        return command

    return decorate


def _warn_of_unknown_variables() -> None:
    for name, meant in unknown_variables(os.environ).items():
        hint = f": did you mean {meant}?" if meant else ""
        click.echo(f"retention: the variable {name} is no setting, and has no effect{hint}", err=True)


def _option(name: str) -> str:
    return name + FILE if SETTINGS[name].parse is Secret else name


def _flag(name: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    setting = SETTINGS[name.removesuffix(FILE) if name not in SETTINGS else name]
    default = setting.default or _DEPENDING.get(name, "none")
    hint = "; TLS, SASL: docs/operating.md" if name == "security_protocol" else ""
    # The text is parsed by the setting itself, so that a flag and a variable give one and the same error.
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        metavar=name.rsplit("_", 1)[-1].upper(),
        help=f"{setting.help} [{setting.variable}; default: {default}{hint}]",
        hidden=setting.name in kafka_security.NAMES[1:],
    )
