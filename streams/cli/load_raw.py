"""`retention load --raw`: send the lines of files to a topic as they are."""

import asyncio
from collections.abc import Sequence
from typing import Any

import click

from streams.backfill.files import Format
from streams.backfill.raw_load import check_raw_files, check_raw_topic, create_raw_topic, send_raw
from streams.backfill.rejected_lines import RejectedLines
from streams.cli.file_options import print_summary
from streams.cli.messages import counted, warn
from streams.cli.progress import ReadProgress
from streams.config.load import Settings


def check_options(topic: str | None, *, raw: bool, others: dict[str, Any]) -> None:
    """Check that `--raw` and `--topic` are given together, and without options that raw lines do not have.

    Args:
        topic: value of `--topic`.
        raw: whether `--raw` is given.
        others: option that raw lines do not have -> its value; empty values are left out.

    Raises:
        UsageError: the options contradict each other.
    """
    if raw is not (topic is not None):
        raise click.UsageError("--raw and --topic belong together: raw lines go to the topic that is named")
    given = [name for name, value in others.items() if value]
    if raw and given:
        raise click.UsageError(f"{' and '.join(given)} has no effect on raw lines")


def load_raw(files: Sequence[str], topic: str, file_format: Format | None, settings: Settings) -> int:
    """Send the lines of files to a topic, print how many, and return the exit code."""
    check_raw_topic(topic, settings)
    check_raw_files(files, file_format)
    if settings.inputs.find(topic) is not None:
        warn(f"{topic} is an input of the configuration: its workers read these records")
    partitions = asyncio.run(create_raw_topic(settings, topic, warn))
    rejected = RejectedLines(warn)
    with ReadProgress(files, "Sending") as progress:
        sent = asyncio.run(send_raw(files, topic, partitions, settings, progress=progress, rejected=rejected))
    code = print_summary(rejected)
    warn(f"{counted(sent.lines, 'line')} sent to {topic} in {sent.seconds:.1f} s")
    return code
