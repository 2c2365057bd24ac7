"""Logging as text or as JSON. Log lines contain no customer ids: they are personal data.

A log line may quote a record, such as the name of an experiment. Characters that a terminal would interpret,
and ends of lines, which would make a line of it that nobody logged, are escaped.
"""

import json
import logging
import sys
import textwrap
from datetime import UTC, datetime
from typing import Any, Final, Literal

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


#: Before each line of a traceback, which begins no log line.
_INDENT: Final = "    "


def escaped(text: str) -> str:
    r"""Return text in one line, with an escape sequence for each character that is not printable.

    Example:
        >>> escaped("a\n\x1b[31mb")
        'a\\n\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class TextFormatter(logging.Formatter):
    """Formats each record as one line of text, and its traceback as indented lines."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return a record's time, level and message."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's name and type
        """Return a traceback."""
        lines = super().formatException(ei).split("\n")
        return textwrap.indent("\n".join(map(escaped, lines)), _INDENT)


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
        encoded = json.dumps(line, ensure_ascii=False)
        return encoded if encoded.isprintable() else json.dumps(line)


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
        handler.setFormatter(TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level.upper() != "DEBUG":
        handler.addFilter(LogThrottle())
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
