"""Flags that are settings: made of `streams.settings`, so that there is one list of them."""

import functools
from collections.abc import Callable
from typing import TypeVar

import click

from streams.settings import SETTINGS, load

R = TypeVar("R")


def settings_options(*names: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the flags of these settings and `--config`, and call it with `settings`.

    Raises:
        SettingsError: on calling the command, a setting is not valid.
    """
    wanted = [*names, "config"]

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(function)
        def with_settings(**arguments: object) -> R:
            flags = {name: arguments.pop(name) for name in wanted}
            return function(settings=load(flags), **arguments)

        command: Callable[..., R] = with_settings
        for name in reversed(wanted):
            command = _flag(name)(command)
        return command

    return decorate


def _flag(name: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    setting = SETTINGS[name]
    # The text is parsed by the setting itself, so that a flag and a variable give one and the same error.
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        metavar=name.rsplit("_", 1)[-1].upper(),
        help=f"{setting.help} [{setting.variable}; default: {setting.default or 'none'}]",
    )
