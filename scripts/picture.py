"""Takes the README's picture: runs the demo for a while, and saves its live view as an SVG.

Run: python scripts/picture.py docs/demo.svg
"""

import asyncio
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from streams.demo import Demo, plan
from streams.settings import load

_WIDTH = 112
_LIVE_SECONDS = 45.0


def main(path: Path) -> None:
    """Run the demo and draw its last state into `path`."""
    demo = Demo(load({}), plan(10_000, 1, "support-backlog", 20.0), _LIVE_SECONDS, Console(quiet=True))
    asyncio.run(demo.run())
    console = Console(record=True, width=_WIDTH, file=StringIO())
    console.print(demo.picture("http://127.0.0.1:6066"))
    console.save_svg(str(path), title="retention demo")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
