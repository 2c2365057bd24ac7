"""The group of all commands, its help, and what becomes of errors."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from streams.errors import RetentionError

#: Heading -> command -> what it does. A command's module is imported when it is run: Faust alone takes half a
#: second, and `retention --help` needs none of it.
COMMANDS: Final = {
    "Run": {
        "demo": "Everything on this machine: Kafka, a worker, a simulated shop, a live view.",
        "worker": "Run one worker.",
        "broker": "Run the embedded Kafka alone.",
        "simulate": "Send a simulated shop's events.",
    },
    "Events": {
        "map": "See what the records of your own topics become.",
        "load": "Send events from files to their topics.",
        "compute": "Compute the metrics of event files, without Kafka.",
        "history": "Compute the metrics of event files as they would have been, for Prometheus.",
        "fit": "Fit the model of when customers come back to event files.",
        "dead-letters": "List refused records, and put corrected ones back.",
    },
    "Care": {
        "erase": "Forget a customer.",
        "doctor": "Say what is wrong with the set-up, and what to do about it.",
        "reset": "Start again from the earliest events.",
    },
}

_DEBUG_HINT: Final = "correct the path or its rights; RETENTION_DEBUG=1 shows where it was wanted"
INTERRUPTED: Final = 130  # as shells say it: 128 + SIGINT

_EPILOG: Final = """\b
Settings come from flags, RETENTION_* variables or a TOML file (RETENTION_CONFIG), in that order.
Start with `retention demo`; with a Kafka of your own, `retention doctor`."""


class Commands(click.Group):
    """A group that lists its commands under headings, and imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names, in the order of their use."""
        del ctx
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `streams.cli.<name>` and give its `command`."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"streams.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings."""
        del ctx
        for heading, section in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl(list(section.items()))


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="retention", prog_name="retention", message="%(prog)s %(version)s")
def group() -> None:
    """Live customer retention, response times and feedback, from Kafka, exactly once."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: with 0, or with the code that `streams.errors` gives."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code; an error a person can mend becomes one line on stderr."""
    try:
        result = group.main(list(arguments), prog_name="retention", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except RetentionError as error:
        if os.environ.get("RETENTION_DEBUG"):
            raise
        _say(error)
        return error.exit_code
    except OSError as error:
        if error.filename is None or os.environ.get("RETENTION_DEBUG"):
            raise
        _say(RetentionError(f"{error.filename}: {error.strerror}", _DEBUG_HINT))
        return RetentionError.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("retention: interrupted", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _say(error: RetentionError) -> None:
    click.echo(f"retention: {' '.join(error.message.split())}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
