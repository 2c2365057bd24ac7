"""The command line, `retention`: one module a command, loaded when it is asked for."""

from streams.cli.group import main

__all__ = ["main"]
