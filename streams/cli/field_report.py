"""Report the fields of records that a mapping does not use, for `map check` and `compute`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.backfill.records import row_of
from streams.backfill.rows import Row
from streams.cli.messages import warn
from streams.mapping.dry_run_report import UnusedFields
from streams.mapping.field_tally import FieldTally
from streams.mapping.places import Place
from streams.mapping.reader import Reader

_MAX_LISTED: Final = 20
#: Records whose fields `compute` looks at: it costs as much as mapping a record.
_MOST_RECORDS: Final = 20_000


class UnusedFieldReport:
    """The fields of the first records that a mapping reads from files.

    Args:
        mapping: the mapping.
    """

    def __init__(self, mapping: Reader) -> None:
        self._mapping = mapping
        self._fields = FieldTally(mapping)
        self._remaining = _MOST_RECORDS

    def observe(self, content: bytes | Row) -> None:
        """Add a line or row."""
        if self._remaining:
            self._remaining -= 1
            record: Mapping[str, Any] | None = row_of(content, self._mapping)
            self._fields.add(record or {})

    def print(self) -> None:
        """Print on standard error the unused fields, and those probably meant instead of missing ones."""
        unread = self._fields.unread()
        if unread:
            warn(f"{unused_line(unread)} (`retention map check` shows examples)")
        for place, meant in self._fields.meant().items():
            warn(f"no record has {place}, which mapping {self._mapping.name} reads; did you mean {meant}?")


def unused_line(unread: Sequence[UnusedFields]) -> str:
    """Return the line on the fields that a mapping does not use.

    Example:
        >>> unused_line([UnusedFields("note", 3, "text")])
        'unused fields: note'
    """
    more = f" and {len(unread) - _MAX_LISTED} more" if len(unread) > _MAX_LISTED else ""
    return f"unused fields: {', '.join(one.path for one in unread[:_MAX_LISTED])}{more}"


def unseen_line(unseen: Sequence[Place], meant: Mapping[Place, Place]) -> str:
    """Return the line on the fields that a mapping reads and no record has.

    Example:
        >>> unseen_line(["coupon"], {"coupon": "coupn"})
        'fields in no record: coupon (did you mean coupn?)'
    """
    named = (f"{path} (did you mean {meant[path]}?)" if path in meant else path for path in unseen)
    return f"fields in no record: {', '.join(named)}"
