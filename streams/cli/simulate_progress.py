"""How far the simulated history has come, on stderr."""

from datetime import UTC, datetime
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from streams.cli.messages import counted
from streams.simulator.live import Progress


class _Sent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.fields['day']}  {task.fields['sent']:,} events  {task.fields['rate']:,.0f}/s")


class HistoryBar:
    """A bar over the history's time, then one line that it is live. A context manager.

    Where stderr is no terminal only the line is written.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("History"), BarColumn(), _Sent(), TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("History", total=None, day="", sent=0, rate=0.0)
        self._live = False

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self._bar.stop()

    def watch(self, progress: Progress) -> None:
        """Take how far it has come."""
        if self._live:
            return
        day = datetime.fromtimestamp(progress.at, UTC).date().isoformat()
        self._bar.update(
            self._task, total=progress.end - progress.start, completed=progress.at - progress.start,
            day=day, sent=progress.sent, rate=progress.rate,
        )  # fmt: skip
        if progress.live:
            self._live = True
            self._bar.stop()
            sent = counted(progress.sent, "event")
            click.echo(f"History up to {day}: {sent} ({progress.rate:,.0f}/s)", err=True)
