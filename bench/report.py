"""Report benchmark results as a table or as JSON, with targets where they exist."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """One measured number.

    Attributes:
        name: what was measured.
        value: the median.
        unit: unit of `value`.
        target: lower or upper bound; None for information only.
        at_most: whether the target is an upper bound.
        rounds: the value of each round, if there were several.
    """

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    at_most: bool = False
    rounds: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None without a target."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def of_rounds(
    name: str, rounds: Iterable[float], unit: str = "", *, target: float | None = None, at_most: bool = False
) -> Line:
    """Return the line of a number that was measured several times; its value is the median."""
    found = tuple(rounds)
    return Line(name, median(found), unit, target, at_most, found)


def machine() -> dict[str, str | int]:
    """Return the description of the machine."""
    return {
        "cpus": os.cpu_count() or 0,
        "cpu": _cpu(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def show(title: str, lines: Iterable[Line]) -> None:
    """Print the results as a table."""
    table = Table(title=title, title_justify="left")
    table.add_column("measured")
    table.add_column("value", justify="right")
    table.add_column("target", justify="right")
    table.add_column("rounds", justify="right")
    for line in lines:
        style = {None: "", True: "green", False: "red"}[line.met]
        sign = "<=" if line.at_most else ">="
        table.add_row(
            line.name,
            f"{_text(line.value)} {line.unit}".strip(),
            "" if line.target is None else f"{sign} {_text(line.target)}",
            ", ".join(map(_text, line.rounds)),
            style=style,
        )
    Console(width=None if Console().is_terminal else 120).print(table)


def write(path: Path, found: dict[str, list[Line]]) -> None:
    """Write all results as one JSON object."""
    content = {
        "machine": machine(),
        "benchmarks": {
            name: [asdict(line) | {"met": line.met} for line in lines] for name, lines in found.items()
        },
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


def _text(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
