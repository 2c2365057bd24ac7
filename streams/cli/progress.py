"""Progress bars on standard error. Without a terminal no bar is shown."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from streams.backfill.files import STANDARD_INPUT, EventCounter
from streams.cli.messages import counted, warn
from streams.simulator.live import Progress


class _Rate(ProgressColumn):
    def __init__(self, noun: str) -> None:
        super().__init__()
        self._noun = noun

    def render(self, task: Task) -> Text:
        done = task.fields["done"]
        return Text(f"{done:,} {self._noun}  {done / max(task.elapsed or 0, 1e-9):,.0f}/s")


class _Sent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.fields['day']}  {task.fields['sent']:,} events  {task.fields['rate']:,.0f}/s")


def _bar(title: str, column: ProgressColumn) -> Bar:
    console = Console(stderr=True)
    return Bar(
        TextColumn(title), BarColumn(), column, TimeRemainingColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip


class ReadProgress(EventCounter):
    """A bar over the bytes of all files, with the rate of events and the remaining time. A context manager.

    Args:
        files: file names; the bar has no end if one of them is `-`.
        title: text before the bar.
    """

    def __init__(self, files: Sequence[str], title: str) -> None:
        super().__init__()
        self._sizes = {file: Path(file).stat().st_size for file in files if file != STANDARD_INPUT}
        self._before = 0
        self._bar = _bar(title, _Rate("events"))
        total = sum(self._sizes.values()) if STANDARD_INPUT not in files else None
        self._task = self._bar.add_task(title, total=total, done=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update_position(self, raw: IO[bytes]) -> None:
        """Show the position in the file that is being read."""
        if raw.seekable():
            self._bar.update(self._task, completed=self._before + raw.tell(), done=self.events)

    def finish_file(self, file: str) -> None:
        """Show that a file was read to its end."""
        self._before += self._sizes.get(file, 0)
        self._bar.update(self._task, completed=self._before, done=self.events)


class CountProgress:
    """A bar over a known number of items, with their rate and the remaining time. A context manager.

    Args:
        total: number of items.
        title: text before the bar.
        noun: plural of an item.
        done: number of items that are done before the start.
    """

    def __init__(self, total: int, title: str, noun: str = "events", done: int = 0) -> None:
        self._bar = _bar(title, _Rate(noun))
        self._task = self._bar.add_task(title, total=total, completed=done, done=0)
        self._added = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, number: int) -> None:
        """Advance the bar by a number of items."""
        self._added += number
        self._bar.update(self._task, advance=number, done=self._added)


class HistoryProgress:
    """A bar over the simulated history, and one line when the simulation is live. A context manager."""

    def __init__(self) -> None:
        self._bar = _bar("History", _Sent())
        self._task = self._bar.add_task("History", total=None, day="", sent=0, rate=0.0)
        self._live = False

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, progress: Progress) -> None:
        """Show the progress of the simulation."""
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
            warn(f"History up to {day}: {counted(progress.sent, 'event')} ({progress.rate:,.0f}/s)")
