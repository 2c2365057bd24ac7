"""The files of `prometheus/`: rules, thresholds of the alerts, and the runbook.

A checkout has them at its root. An installed wheel has them inside the package.
"""

import tomllib
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).resolve()
#: Location in the wheel, as pyproject.toml defines it.
_INSTALLED: Final = _HERE.parents[1] / "prometheus"
_CHECKOUT: Final = _HERE.parents[2] / "prometheus"


def directory() -> Path:
    """Return the directory that holds the alerting files."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def thresholds() -> dict[str, Any]:
    """Return the alerts' thresholds by section."""
    return tomllib.loads((directory() / "thresholds.toml").read_text(encoding="utf-8"))
