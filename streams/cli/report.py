"""`retention report`: write the week or the month on one page."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import getaddresses
from pathlib import Path
from typing import Final

import click

from streams.backfill.facts import read_facts
from streams.backfill.files import read
from streams.backfill.rejected_lines import RejectedLines
from streams.cli.file_options import EXISTING_FILE, MAPPING, Instant, OutputFile, print_summary
from streams.cli.messages import warn
from streams.cli.options import settings_options
from streams.cli.progress import ReadProgress
from streams.config.extras import require_sentiment
from streams.config.load import Settings
from streams.mapping import mappings
from streams.operations import worker_api
from streams.report import content, from_files, from_worker, html_form, mail_form, markdown_form, text_form
from streams.report.content import Material, Report
from streams.report.from_worker import Worker
from streams.report.periods import KINDS, kind_of

_FORMS: Final[dict[str, Callable[[Report], str]]] = {
    "text": text_form.write,
    "html": html_form.write,
    "markdown": markdown_form.write,
}
_MAIL: Final = "mail"
#: An address without a comment or a quoted part: `email` fails on some that are not valid.
_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
#: Forms that are read in a terminal, and not by a program.
_IN_TERMINAL: Final = ("text", "markdown")


def _period(ctx: click.Context, param: click.Parameter, given: str) -> str:
    del ctx, param
    try:
        kind_of(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return given


def _address(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    del ctx, param
    for text in given:
        found = getaddresses([text])
        if len(found) != 1 or not text.isprintable() or _MAILBOX.fullmatch(found[0][1]) is None:
            raise click.BadParameter(f"{text!r} is not one address such as shop@example.com")
    return given


@click.command("report")
@click.option(
    "--period",
    default="week",
    show_default=True,
    callback=_period,
    metavar="PERIOD",
    help=f"A kind ({', '.join(KINDS)}), for the latest period that is over; or a label such as 2026-10.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*_FORMS, _MAIL]),
    default="text",
    show_default=True,
    help="Form of the report. `mail` is a message for sendmail, with text and HTML.",
)
@click.option(
    "--to",
    multiple=True,
    callback=_address,
    metavar="ADDRESS",
    help="With --format mail: a recipient; repeat it for several.",
)
@click.option(
    "--output", type=OutputFile(Path), metavar="FILE", help="Write to this file, not to the terminal."
)
@click.option(
    "--worker",
    metavar="URL",
    help="URL of any worker of the group [default: that of RETENTION_HOST and RETENTION_PORT].",
)
@click.option(
    "--input",
    "files",
    type=EXISTING_FILE,
    multiple=True,
    metavar="FILE",
    help="Compute the numbers from event files, as `compute` does, without a worker; repeat it for several.",
)
@click.option("--now", type=Instant(), help="With --input: the instant [default: the latest event's time].")
@MAPPING
@settings_options("host", "port", "token", "prometheus")
def command(
    *,
    period: str,
    form: str,
    to: tuple[str, ...],
    output: Path | None,
    worker: str | None,
    files: tuple[str, ...],
    now: int | None,
    mapping: str | None,
    settings: Settings,
) -> int:
    """Write the week or the month on one page: numbers, changes, what explains them, and what is urgent.

    Asks one running worker, which answers for all workers. The exit code is 3 if none responds.
    """
    if to and form != _MAIL:
        raise click.UsageError("--to needs --format mail")
    code = 0
    if files:
        material, code = _from_files(files, now, mapping, period, settings)
    else:
        running = Worker(worker or worker_api.address_of(settings), settings.token)
        zone = settings.definitions.periods.zone
        material = asyncio.run(from_worker.material_of(running, period, settings.prometheus, zone))
    report = content.make(material, content.subject_of(material.source.now, period))
    text = mail_form.write(report, to, datetime.now(UTC)) if form == _MAIL else _FORMS[form](report)
    if output is None:
        # HTML and a mail name UTF-8 as their encoding, whatever that of the terminal is.
        click.echo(text if form in _IN_TERMINAL else text.encode(), nl=False)
    else:
        output.write_text(text, encoding="utf-8")
    return code


def _from_files(
    files: tuple[str, ...],
    now: int | None,
    mapping: str | None,
    period: str,
    settings: Settings,
) -> tuple[Material, int]:
    """Return what the report is made of, and the exit code of rejected lines."""
    require_sentiment()
    reader = mappings.build(settings).reader(mapping) if mapping else None
    rejected = RejectedLines(warn)
    with ReadProgress(files, "Reading") as progress:
        lines = read(files, progress, None, reader, notice=warn)
        facts = read_facts(lines, now, settings.definitions, rejected, progress)
        material = from_files.material_of(facts, now, settings.definitions, period)
    return material, print_summary(rejected)
