"""Conversions of a record's times to instants.

Text is read in the form of RFC 3339, and in the forms in which databases write a time with its offset:
`2026-06-10 10:00:00+00`, `… UTC`, `… +0530`, `… Europe/Berlin`. A time without an offset needs the time zone
of the mapping, a number its unit.

A local time that exists twice, when clocks are set back, is the first of the two instants. One that does
not exist, when clocks are set forward, has the offset from before the change: 02:30 is the instant that the
clocks show as 03:30. Both follow Python's `datetime` (PEP 495, `fold=0`).
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from models.definitions.zones import zone_of
from streams.mapping.conversions import ConversionError, Convert, exact, kind

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Unit of a number of time -> microseconds.
_UNITS: Final = {"days": 86_400_000_000, "s": 1_000_000, "ms": 1000, "us": 1}
#: No `datetime` reaches beyond this number of microseconds: a larger number is no time in its unit.
_MOST_US: Final = 250_000_000_000_000_000
#: Up to this second, a float of seconds distinguishes microseconds.
_LAST_QUICK: Final = 1 << 32
TIME_UNITS: Final = (*_UNITS, "ns")

#: A time with an offset as databases write it. A name after a numeric offset repeats it.
_SQL_TIME: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<clock>\d\d:\d\d(?P<seconds>:\d\d)?)([.,](?P<fraction>\d+))? ?"
    r"(?P<offset>[Zz]|UTC|GMT|[+-]\d\d(:?\d\d)?(:\d\d)?|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)"
    r"( UTC| GMT|\[[^\]]+\])?",
    re.ASCII,
)
_UTC_NAMES: Final = frozenset({"Z", "z", "UTC", "GMT"})
_HOUR_OFFSET: Final = re.compile(r"(.*[ \d][+-]\d\d)", re.ASCII)
_UTC_NAME: Final = re.compile(r"\b(UTC|GMT)\b", re.ASCII)


def instant(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a time that has an offset. Text of any other form is left to validation.

    Raises:
        ConversionError: the value is a number, or a time without an offset.
    """
    if value.__class__ is str:
        return _normalised(value)
    if isinstance(value, date):
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ConversionError('has no time zone; name it with `zone = "Europe/Berlin"`')
        return value
    if isinstance(value, int | float):
        raise ConversionError("is a number without a unit")
    return value


def _normalised(text: str) -> str | datetime:
    """Return a database's form of a time as RFC 3339, or as a time; other text unchanged."""
    found = None if text[-1:] == "Z" else _SQL_TIME.fullmatch(text)
    if found is None:
        return text
    clock = found["clock"] if found["seconds"] else f"{found['clock']}:00"
    local = f"{found['date']}T{clock}" + (f".{found['fraction']}" if found["fraction"] else "")
    offset = found["offset"]
    if offset in _UTC_NAMES:
        return f"{local}Z"
    try:
        if offset[0].isalpha():
            return datetime.fromisoformat(local).replace(tzinfo=zone_of(offset))
        digits = offset.replace(":", "")
        if len(digits) > len("+0000"):  # of the years before time zones
            return datetime.fromisoformat(local + offset)
    except ValueError:
        return text
    return f"{local}{digits[:3]}:{digits[3:] or '00'}"


def epoch(unit: str) -> Convert:
    """Return the conversion of numbers of `unit` since 1970, also of text that is a number."""
    per_second = {"s": 1, "ms": 1000, "us": 1_000_000}.get(unit, 0)
    last = _LAST_QUICK * per_second

    def convert(value: Any) -> Any:  # noqa: ANN401 - JSON
        if value.__class__ is int and 0 <= value < last:
            return datetime.fromtimestamp(value / per_second, UTC)
        if isinstance(value, datetime | date):  # Avro's logical types are times already
            return instant(value) if isinstance(value, datetime) else _EPOCH + (value - _EPOCH.date())
        found = exact(value)
        if found is None:
            raise ConversionError(f"is {kind(value)}, not a number of {unit} since 1970")
        micro = int(found // 1000 if unit == "ns" else found * _UNITS[unit])
        if abs(micro) > _MOST_US:
            raise ConversionError(f"is no number of {unit} since 1970: too large")
        return _EPOCH + timedelta(microseconds=micro)

    return convert


def local(zone: tzinfo) -> Convert:
    """Return the conversion of times that have an offset, or else are local times of `zone`.

    A date alone is the beginning of its day in `zone`.
    """

    def convert(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, datetime):
            return value.replace(tzinfo=zone) if value.tzinfo is None else value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=zone)
        return value if isinstance(value, str) else instant(value)

    return convert


def _parsed(text: str) -> str | datetime:
    """Return the time that a text is, with or without an offset; the text if it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found = _normalised(text)
    try:
        return found if isinstance(found, datetime) else datetime.fromisoformat(found)
    except ValueError:
        return text


def formatted(pattern: str, zone: tzinfo | None) -> Convert:
    """Return the conversion of text of a `strptime` format; without an offset, it is a local time of `zone`.

    `%z` reads an offset of hours alone too, and `%Z` reads UTC and GMT as an offset.
    """

    def convert(value: Any) -> Any:  # noqa: ANN401 - JSON
        found = _strptime(value, pattern)
        if found is None:
            raise ConversionError(f"is {kind(value)} that is not of the format {pattern!r}")
        if found.tzinfo is None and "%Z" in pattern and _UTC_NAME.search(value):
            return found.replace(tzinfo=UTC)
        return found.replace(tzinfo=zone) if found.tzinfo is None else found

    return convert


def _strptime(value: Any, pattern: str) -> datetime | None:  # noqa: ANN401 - JSON
    for text in (value, f"{value}00") if pattern.endswith("%z") else (value,):
        if text is not value and not _HOUR_OFFSET.fullmatch(str(value)):
            return None
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone follows
        except (ValueError, TypeError):
            continue
    return None
