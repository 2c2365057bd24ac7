"""The thresholds file, read once: the alerts and the dashboards are generated from the same numbers."""

import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
THRESHOLDS: dict[str, Any] = tomllib.loads((HERE / "thresholds.toml").read_text(encoding="utf-8"))
