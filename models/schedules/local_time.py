"""Instants of local times (docs/metrics.md, "Support hours").

A local time that exists twice, when clocks are set back, is the first of the two instants. One that does not
exist, when clocks are set forward, is the first instant after it whose local time exists.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from models.definitions.windows import US_PER_SECOND

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time, as those it is subtracted from
_SECOND: Final = timedelta(seconds=1)


def instant(zone: ZoneInfo, local: datetime) -> int:
    """Return the instant of a local time, microseconds since the epoch.

    Args:
        zone: time zone.
        local: time that the clocks of the zone show, in whole seconds and without a time zone.
    """
    before = _offset(zone, local, fold=0)
    after = _offset(zone, local, fold=1)
    shown = (local - _EPOCH) // _SECOND
    # Only of a time that does not exist is the offset after the change (`fold=1`) the larger one (PEP 495).
    if after <= before:
        return (shown - before) * US_PER_SECOND
    return _first_with_offset(zone, after, shown - after, shown - before) * US_PER_SECOND


def _first_with_offset(zone: ZoneInfo, offset: int, earlier: int, later: int) -> int:
    """Return the first second in (earlier, later] with an offset, which all later ones of them have."""
    while later - earlier > 1:
        middle = (earlier + later) // 2
        if _offset_at(zone, middle) == offset:
            later = middle
        else:
            earlier = middle
    return later


def _offset(zone: ZoneInfo, local: datetime, fold: int) -> int:
    return _seconds(local.replace(tzinfo=zone, fold=fold))


def _offset_at(zone: ZoneInfo, seconds: int) -> int:
    return _seconds(datetime.fromtimestamp(seconds, UTC).astimezone(zone))


def _seconds(moment: datetime) -> int:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("the time has no offset")
    return offset // _SECOND
