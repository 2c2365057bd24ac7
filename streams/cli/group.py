"""The group of all commands, its help, and the exit codes of errors."""

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from streams.cli.messages import warn
from streams.errors import RetentionError
from streams.printable import printable
from streams.version import VERSION

#: Heading -> command -> description. A command's module is imported when the command runs: Faust alone takes
#: half a second, and `retention --help` does not need it.
COMMANDS: Final = {
    "Run": {
        "demo": "Run Kafka, a worker, a simulated shop and a live view on this machine.",
        "worker": "Run one worker.",
        "broker": "Run the embedded Kafka without a worker.",
        "simulate": "Send a simulated shop's events.",
    },
    "Events": {
        "map": "Show how the records of your own topics become events.",
        "load": "Send events from files to their topics.",
        "compute": "Compute the metrics of event files, without Kafka.",
        "history": "Compute past metrics of event files, for import into Prometheus.",
        "fit": "Fit the churn risk model to event files.",
        "report": "Write the week or the month on one page.",
        "dead-letters": "List rejected records, and send corrected ones again.",
    },
    "Ask": {
        "explain": "Explain why churn or another ratio moved.",
    },
    "Maintain": {
        "erase": "Erase a customer.",
        "periods": "List closed weeks, months, quarters and years, and reopen one.",
        "doctor": "Diagnose the set-up: what is wrong, and how to correct it.",
        "reset": "Delete all derived data, and start again from the earliest events.",
    },
}

_DEBUG_HINT: Final = "correct the path or its permissions; RETENTION_DEBUG=1 prints the traceback"
_MACHINE_HINT: Final = (
    "correct it on this machine (TMPDIR names the directory of temporary files);"
    " RETENTION_DEBUG=1 prints the traceback"
)
#: Errors of files that name no path: writing to an open file, to standard output or to a temporary file.
_MACHINE_ERRORS: Final = frozenset({
    errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE, errno.ENOSPC,
    errno.EROFS,
})  # fmt: skip
INTERRUPTED: Final = 130  # the convention of shells: 128 + SIGINT

_EPILOG: Final = """\b
Settings come from flags, RETENTION_* variables or a TOML file (RETENTION_CONFIG), in that order.
Start with `retention demo`, or with `retention doctor` for a Kafka of your own."""


class Commands(click.Group):
    """A group that lists its commands under headings, and imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        del ctx
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `streams.cli.<name>` and return its `command`; None if there is no such command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"streams.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands to the help, under their headings."""
        del ctx
        for heading, section in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl(list(section.items()))


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="retention", message="%(prog)s %(version)s")
def group() -> None:
    """Live customer retention, response times and feedback, from Kafka, exactly once."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with 0, or with the exit code of the error (`streams.errors`).

    Args:
        arguments: arguments after the program name; None takes those of the process.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows `?` for what it lacks
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Expected errors become one line on standard error.

    Args:
        arguments: arguments after the program name.

    Example:
        >>> run(["compute", "shop.jsonl.gz"])
        0
    """
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
        _print_error(error)
        return error.exit_code
    except OSError as error:
        expected = error.filename is not None or error.errno in _MACHINE_ERRORS
        if not expected or os.environ.get("RETENTION_DEBUG"):
            raise
        _print_error(_of_os_error(error))
        return RetentionError.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("retention: interrupted", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _of_os_error(error: OSError) -> RetentionError:
    """Return the error of a path, or of the machine without a path, such as a full disk."""
    if error.filename is None:
        return RetentionError(str(error.strerror), _MACHINE_HINT)
    return RetentionError(f"{error.filename}: {error.strerror}", _DEBUG_HINT)


def _print_error(error: RetentionError) -> None:
    warn(f"retention: {' '.join(error.message.split())}")
    if error.hint:
        click.echo(printable(f"  {error.hint}"), err=True)
