"""Check the schedules: the next opening, the next holiday, and the source of the time zones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

from models.definitions.definitions import Definitions
from models.definitions.schedules import Schedule
from models.definitions.windows import US_PER_SECOND
from models.schedules.timetable import timetable
from streams.operations.doctor.finding import Finding

#: A list of holidays should reach so far into the future.
_HOLIDAY_DAYS: Final = 365
_FIRST_LINE: Final = "# version "
_HOLIDAYS_ADVICE: Final = (
    "add the holidays of the next year to `holidays`, or renew the file that `holidays_file` names;"
    " else targets run on these days"
)


def findings(definitions: Definitions, now: datetime) -> Iterator[Finding]:
    """Yield findings about each schedule. Without schedules there are none.

    Args:
        definitions: the shop's schedules, and the targets that use them.
        now: the present, with a time zone.
    """
    used = {policy.schedule for policy in definitions.sla_policies.values()}
    for name, schedule in definitions.schedules.items():
        yield Finding("ok", f"schedule {name}: {_hours(schedule, now)}")
        yield from _holidays(name, schedule, now.astimezone(ZoneInfo(schedule.zone)).date())
        if name not in used:
            advice = f'set schedule = "{name}" in [sla] or in the table of a priority'
            yield Finding("warn", f"no target runs by the schedule {name}", advice)
    zones = dict.fromkeys(schedule.zone for schedule in definitions.schedules.values())
    for zone in zones:
        yield Finding("ok", f"time zone {zone}: {_source_of(zone)}")


def _hours(schedule: Schedule, now: datetime) -> str:
    """Return whether the schedule is open now, and when it opens next."""
    hours, zone = timetable(schedule), ZoneInfo(schedule.zone)
    time = int(now.timestamp()) * US_PER_SECOND
    state = "open now" if hours.is_open(time) else "closed now"
    following = hours.next_opening(time)
    if following is None:
        return f"{state}, always" if hours.is_open(time) else f"{state}, and never opens"
    opening = datetime.fromtimestamp(following // US_PER_SECOND, UTC).astimezone(zone)
    return f"{state}, opens next on {opening:%a %Y-%m-%d at %H:%M} ({schedule.zone})"


def _holidays(name: str, schedule: Schedule, today: date) -> Iterator[Finding]:
    """Yield the next holiday. A list that has ended is a warning."""
    known = list(_holidays_since(schedule, today))
    last = max((day for version in schedule.versions for day in version.holidays), default=None)
    if known and known[0] <= today + timedelta(days=_HOLIDAY_DAYS):
        yield Finding("ok", f"schedule {name}: the next holiday is {known[0]:%a %Y-%m-%d}")
    elif last is not None:
        what = f"schedule {name}: no holiday within {_HOLIDAY_DAYS} days; the last of its list is {last}"
        yield Finding("warn", what, _HOLIDAYS_ADVICE)
    else:
        yield Finding("ok", f"schedule {name}: no holidays are configured")


def _holidays_since(schedule: Schedule, today: date) -> Iterator[date]:
    """Yield the holidays from a date on, each of the version in force on it."""
    ends = [*(version.begins for version in schedule.versions[1:]), date.max]
    for version, end in zip(schedule.versions, ends, strict=True):
        yield from (day for day in version.holidays if max(today, version.begins) <= day < end)


def _source_of(zone: str) -> str:
    """Return where the data of a time zone comes from. Workers with other data would count other hours."""
    for directory in map(Path, TZPATH):
        if (directory / zone).is_file():
            return f"data of the system{_version(directory)} in {directory}"
    return f"data of the package tzdata ({metadata.version('tzdata')})"


def _version(directory: Path) -> str:
    """Return the version of a system's time zones, in brackets. Some systems do not name one."""
    try:
        with (directory / "tzdata.zi").open(encoding="utf-8") as lines:
            first = lines.readline().strip()
    except OSError:
        return ""
    return f" ({first.removeprefix(_FIRST_LINE)})" if first.startswith(_FIRST_LINE) else ""
