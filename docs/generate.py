# ruff: noqa: INP001 - the folder of the documentation is not a package
"""Writes the generated pages of the documentation: `python -m docs.generate`."""

from collections.abc import Mapping
from pathlib import Path

from streams.config import schema

_DOCS = Path(__file__).parent


def pages() -> Mapping[Path, str]:
    """Return path -> content of every generated page."""
    return {_DOCS / "reference" / "settings.md": schema.reference()}


def main() -> None:
    """Write every generated page."""
    for path, content in pages().items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
