"""Flags that are settings, derived from `streams.config.schema`.

Commands that connect to Kafka also have the flags of TLS and SASL. There are many, and most set-ups use
environment variables instead, so the help shows only the first one, with a link to the documentation. A
secret has no flag, only its file has: every user of a machine can read command lines.
"""

import functools
import os
from collections.abc import Callable
from typing import TypeVar

import click

from streams.config import kafka_security
from streams.config.load import load, unknown_variables
from streams.config.schema import FILE, SETTINGS
from streams.mapping import mappings
from streams.secret import Secret

R = TypeVar("R")

#: Setting -> description of a default that depends on the machine.
_MACHINE_DEFAULTS = {"data_dir": "the user's cache directory"}


def settings_options(
    *names: str, reached_by: bool = True, warn: bool = True
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Add the flags of settings and `--config` to a command, and pass it the loaded `settings`.

    Args:
        names: names of settings.
        reached_by: whether `broker` includes the flags of TLS and SASL.
        warn: whether to warn about environment variables that look like settings but are not.

    Raises:
        SettingsError: when the command is called, if a setting is invalid.

    Example:
        >>> @click.command("worker")
        ... @settings_options("broker", "group")
        ... def command(settings: Settings) -> None: ...
    """
    reached = kafka_security.NAMES if "broker" in names and reached_by else ()
    wanted = [*map(_option, dict.fromkeys((*names, *reached))), "config"]

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(function)
        def with_settings(**arguments: object) -> R:
            flags = {name: arguments.pop(name) for name in wanted}
            settings = load(flags)
            mappings.build(settings)  # an invalid mapping ends every command at its start
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
        hint = f"; did you mean {meant}?" if meant else ""
        click.echo(f"retention: the variable {name} is not a setting and has no effect{hint}", err=True)


def _option(name: str) -> str:
    return name + FILE if SETTINGS[name].parse is Secret else name


def _flag(name: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    setting = SETTINGS[name.removesuffix(FILE) if name not in SETTINGS else name]
    default = setting.default or _MACHINE_DEFAULTS.get(name, "none")
    hint = "; TLS, SASL: docs/how-to/connect-to-kafka.md" if name == "security_protocol" else ""
    # The setting parses the text, so that a flag and a variable raise the same error.
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        metavar=name.rsplit("_", 1)[-1].upper(),
        help=f"{setting.help} [{setting.variable}; default: {default}{hint}]",
        hidden=setting.name in kafka_security.NAMES[1:],
    )
