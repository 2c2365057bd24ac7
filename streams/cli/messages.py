"""Messages and questions that several commands share."""

import click

from streams.errors import RetentionError
from streams.printable import printable_line


class Declined(RetentionError):
    """The user declined, or standard input ended before an answer."""


def warn(text: str) -> None:
    """Print one line on standard error, without control characters: it may quote a record or a file."""
    click.echo(printable_line(text), err=True)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "event"), counted(2000, "event")
        ('1 event', '2,000 events')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def confirm(question: str) -> None:
    """Ask the user, and return if the answer is yes.

    Raises:
        Declined: the answer is no, or standard input ends before an answer.
        click.Abort: the user interrupts.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        click.echo(err=True)
        raise Declined("no answer, so nothing was changed", "use --yes in scripts") from None
    if not agreed:
        raise Declined("nothing was changed")
