"""Logging as text or as JSON. Log lines contain no customer ids: they are personal data."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

from streams.monitoring.log_throttle import LogThrottle

Format = Literal["text", "json"]

#: Loggers whose INFO lines are details: each service's start and stop, each fetch, each schema request.
_QUIET = (
    "faust",
    "mode",
    "aiokafka",
    "httpx2",
    "streams.faust_engine.app",
    "streams.faust_engine.transport",
    "streams.faust_engine.rebalance",
    "streams.faust_engine.table",
    "asyncio",
)


class JsonFormatter(logging.Formatter):
    """Formats each record as one line with a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's time, level, logger and message, and its traceback if it has one."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(log_format: Format, level: str) -> None:
    """Configure logging to standard error from `level` on, and of libraries from warnings on.

    Args:
        log_format: `text` or `json`.
        level: name of the lowest level, such as `info`; `debug` includes the libraries.
    """
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level.upper() != "DEBUG":
        handler.addFilter(LogThrottle())
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
