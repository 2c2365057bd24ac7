"""Read thresholds.toml once, as the source of both the alerts and the dashboards."""

import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
THRESHOLDS: dict[str, Any] = tomllib.loads((HERE / "thresholds.toml").read_text(encoding="utf-8"))
