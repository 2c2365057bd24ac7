"""The format of a dead letter (docs/topics.md)."""

from typing import Final

#: Header: when a record was rejected, RFC 3339.
REFUSED_AT: Final = "retention.error.time"
