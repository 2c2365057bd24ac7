"""Prometheus' rules, the alerts' thresholds and the runbook's page, which the project keeps in `prometheus/`.

In a checkout they are there; where the program is installed, the wheel has brought them along.
"""

import tomllib
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).resolve()
#: As pyproject.toml has the wheel put them.
_INSTALLED: Final = _HERE.parents[1] / "prometheus"
_CHECKOUT: Final = _HERE.parents[2] / "prometheus"


def directory() -> Path:
    """Return the directory that holds the alerting files."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def thresholds() -> dict[str, Any]:
    """Return the alerts' thresholds by section."""
    return tomllib.loads((directory() / "thresholds.toml").read_text(encoding="utf-8"))
