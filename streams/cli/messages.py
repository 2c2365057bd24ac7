"""Words that several commands say in the same way."""

import click

from streams.errors import RetentionError


class Declined(RetentionError):
    """A person was asked, and said no; or nobody was there to be asked."""


def counted(number: int, noun: str) -> str:
    """Give `1 event`, `2,000 events`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def confirm(question: str) -> None:
    """Go on only if a person says yes.

    Raises:
        Declined: they say no, or standard input ends: it is no person's.
        click.Abort: they interrupt.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        click.echo(err=True)
        raise Declined("nobody answered, and nothing was changed", "a script says --yes") from None
    if not agreed:
        raise Declined("nothing was changed")
