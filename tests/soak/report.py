"""What a soak prints and keeps: a line for each thing it did, with the time left, and a summary."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click


class Report:
    """The lines of a soak, on the standard output and in a file.

    Args:
        directory: folder of the run.
        seconds: how long the run takes.

    Attributes:
        faults: fault -> how often it struck.
        ended: workers that ended without being asked to, one line each.
        probes: result of a liveness probe under misbehaving clients -> number.
        left_open: transactions that Kafka left open, which the soak ended, one line each.
        slowest: longest time until the numbers were right after a round, seconds.
    """

    def __init__(self, directory: Path, seconds: float) -> None:
        self.faults: Counter[str] = Counter()
        self.ended: list[str] = []
        self.probes: Counter[bool] = Counter()
        self.left_open: list[str] = []
        self.slowest = 0.0
        self._file = (directory / "soak.log").open("a")
        self._begin, self._seconds = time.monotonic(), seconds

    def begin(self) -> None:
        """Begin to count the time, once the installation runs."""
        self._begin = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until the end; negative afterwards."""
        return self._begin + self._seconds - time.monotonic()

    def log(self, text: str) -> None:
        """Print a line with the time since the start, and the time left."""
        head = f"[{_clock(self._seconds - self.left)}, {_clock(max(self.left, 0))} left] "
        line = head + text.replace("\n", "\n" + " " * 4)
        click.echo(line)
        self._file.write(line + "\n")
        self._file.flush()

    def count_probes(self, answered: Sequence[bool]) -> None:
        """Count liveness probes, and log unanswered ones."""
        self.probes.update(answered)
        if not all(answered):
            self.log(f"{answered.count(False)} of {len(answered)} liveness probes were not answered")

    def summary(self, rounds: int, events: int, hostile: int) -> list[str]:
        """Return the totals of the run."""
        faults = ", ".join(f"{name} {number}" for name, number in sorted(self.faults.items()))
        lines = [
            f"{rounds} rounds, {self.faults.total()} faults: {faults or 'none'}",
            f"{events:,} events and {hostile:,} hostile records were sent",
            f"the numbers were right {self.slowest:.1f} s after the end of a round at the latest",
        ]
        if self.probes:
            lines.append(f"{self.probes[True]} of {self.probes.total()} liveness probes were answered")
        if self.left_open:
            number = len(self.left_open)
            lines.append(f"Kafka's fault, ended by the soak: {number} times {self.left_open[-1]}")
        if self.ended:
            lines.append(f"{len(self.ended)} workers ended by themselves, such as {self.ended[-1]}")
        return lines

    def close(self) -> None:
        self._file.close()


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
