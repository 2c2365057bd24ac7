"""Compare the files that `make generate` writes with those of the working tree."""

from collections.abc import Mapping
from pathlib import Path


def outdated(files: Mapping[Path, str]) -> list[str]:
    """Return the names of the files whose generated content differs from the present one."""
    return [path.name for path, content in files.items() if path.read_text(encoding="utf-8") != content]
