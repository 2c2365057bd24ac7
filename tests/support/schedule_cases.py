"""Examples of schedules from public trackers of help desks and libraries, with the right results.

Each case names the thread that describes the fault. Instants are RFC 3339 with the offset of the desk's zone.
"""

from typing import Any, NamedTuple

Table = dict[str, Any]


class DueCase(NamedTuple):
    """A ticket that is due once its target has run in the schedule.

    Attributes:
        source: thread that describes the fault.
        schedule: the schedule, as in the configuration file.
        opened: when the ticket was opened.
        target: the target, seconds.
        due: when it is due.
    """

    source: str
    schedule: Table
    opened: str
    target: int
    due: str


class ElapsedCase(NamedTuple):
    """The open time between two instants.

    Attributes:
        source: thread that describes the fault.
        schedule: the schedule, as in the configuration file.
        begin: the first instant.
        end: the second instant.
        seconds: the open time in between.
    """

    source: str
    schedule: Table
    begin: str
    end: str
    seconds: int


class OpenCase(NamedTuple):
    """Whether a desk is open.

    Attributes:
        source: thread that describes the fault.
        schedule: the schedule, as in the configuration file.
        time: the instant.
        is_open: whether the desk is open at that instant.
    """

    source: str
    schedule: Table
    time: str
    is_open: bool


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
DAYS = (*WEEKDAYS, "sat", "sun")
HOUR = 3600
MINUTE = 60


def daily(zone: str, *intervals: str, **others: Any) -> Table:
    """Return a schedule with the same intervals on all seven days."""
    return {"zone": zone, **{day: list(intervals) for day in DAYS}, **others}


def on_weekdays(zone: str, *intervals: str, **others: Any) -> Table:
    """Return a schedule with the same intervals from Monday to Friday."""
    return {"zone": zone, **{day: list(intervals) for day in WEEKDAYS}, **others}


LUNCH = on_weekdays("America/Lima", "09:00-13:00", "14:00-18:00")
NIGHTS = daily("Europe/Madrid", "00:00-02:00", "21:00-24:00")

DUE = [
    DueCase(
        "osTicket/osTicket#6847: a break at lunch makes the due date wrong",
        LUNCH, "2025-06-24T12:30:00-05:00", 2 * HOUR, "2025-06-24T15:30:00-05:00",
    ),
    DueCase(
        "frappe/helpdesk#2212: a ticket of the lunch break runs during the break",
        LUNCH, "2025-03-07T13:20:00-05:00", 30 * MINUTE, "2025-03-07T14:30:00-05:00",
    ),
    DueCase(
        "chatwoot/chatwoot#13392: the target runs after hours",
        on_weekdays("UTC", "09:00-17:00"), "2026-01-30T16:30:00Z", HOUR, "2026-02-02T09:30:00Z",
    ),
    DueCase(
        "freescout-help-desk/freescout#3756: four hours of a ticket of the afternoon end in the evening",
        on_weekdays("Europe/London", "09:00-17:00"),
        "2024-02-01T16:00:00Z", 4 * HOUR, "2024-02-02T12:00:00Z",
    ),
    DueCase(
        "glpi-project/glpi#22678: what is left on the next day begins at midnight",
        on_weekdays("Europe/Paris", "08:00-18:00"),
        "2026-01-12T17:00:00+01:00", 4 * HOUR, "2026-01-13T11:00:00+01:00",
    ),
    DueCase(
        "osTicket/osTicket#6739: a schedule of one day a week is never or always over",
        {"zone": "America/Chicago", "tue": ["08:00-17:00"]},
        "2024-08-07T12:00:00-05:00", 10 * HOUR, "2024-08-20T09:00:00-05:00",
    ),
    DueCase(
        "fivetran/dbt_zendesk#117: a holiday begins with its date in UTC",
        on_weekdays("America/Los_Angeles", "09:00-18:00", holidays=["2023-11-23"]),
        "2023-11-22T16:30:00-08:00", 2 * HOUR, "2023-11-24T09:30:00-08:00",
    ),
    DueCase(
        "zammad/zammad#3706: a holiday is taken a day early in zones behind UTC",
        daily("America/Santiago", "09:00-18:00", holidays=["2021-09-18"]),
        "2021-09-17T17:00:00-03:00", 2 * HOUR, "2021-09-19T10:00:00-03:00",
    ),
    DueCase(
        "zammad/zammad#3180: a schedule of all hours is closed for a minute at midnight",
        daily("Europe/Vilnius", "00:00-24:00"),
        "2020-09-03T23:00:00+03:00", 2 * HOUR, "2020-09-04T01:00:00+03:00",
    ),
    DueCase(
        "fivetran/dbt_zendesk#25: the offset of today is applied to the other half of the year",
        on_weekdays("America/New_York", "09:00-17:00"),
        "2021-03-12T16:00:00-05:00", 2 * HOUR, "2021-03-15T10:00:00-04:00",
    ),
    DueCase(
        "OTRS/otrs#787: a solution time over the skipped midnight is an hour off",
        daily("America/Sao_Paulo", "00:00-24:00"),
        "2015-10-17T20:00:00-03:00", 8 * HOUR, "2015-10-18T05:00:00-02:00",
    ),
    DueCase(
        "Intrepidd/working_hours#26: opening at 2 a.m. on the day when it is 1 a.m. twice",
        {"zone": "America/New_York", "sun": ["02:00-17:00"], "tue": ["02:00-17:00"]},
        "2015-11-01T01:59:30-04:00", 30 * MINUTE, "2015-11-01T02:30:00-05:00",
    ),
    DueCase(
        "bokmann/business_time#230: an hour is lost if the day closes at 11 p.m.",
        on_weekdays("UTC", "14:00-23:00"), "2024-09-30T21:00:00Z", 4 * HOUR, "2024-10-01T16:00:00Z",
    ),
    DueCase(
        "chatwoot/chatwoot#5254: hours over midnight",
        NIGHTS, "2022-08-12T23:30:00+02:00", 3 * HOUR, "2022-08-13T21:30:00+02:00",
    ),
]  # fmt: skip

ELAPSED = [
    ElapsedCase(
        "seatgeek/businesstime#13: from after hours to after hours is nothing",
        on_weekdays("UTC", "09:00-17:00"), "2016-06-17T18:00:00Z", "2016-06-20T18:00:00Z", 8 * HOUR,
    ),
    ElapsedCase(
        "seatgeek/businesstime#7: a minute after closing time makes the next day nothing",
        on_weekdays("UTC", "07:00-16:00"),
        "2015-02-23T16:01:00Z", "2015-02-24T14:20:00Z", 7 * HOUR + 20 * MINUTE,
    ),
    ElapsedCase(
        "seatgeek/businesstime#5: a span before opening time counts as a whole day",
        on_weekdays("UTC", "09:00-17:00"), "2014-09-10T05:00:00Z", "2014-09-10T07:00:00Z", 0,
    ),
    ElapsedCase(
        "gnaneshwar441/Business_Duration#7: a span between two nights counts as a night",
        daily("UTC", "00:00-01:00", "17:00-24:00"), "2021-11-15T02:00:00Z", "2021-11-15T04:48:00Z", 0,
    ),
    ElapsedCase(
        "seppemans/businesstimedelta#5: a night shift loses the last second before midnight",
        daily("UTC", "00:00-06:00", "22:00-24:00"), "2016-11-10T20:00:00Z", "2016-11-11T08:00:00Z", 8 * HOUR,
    ),
    ElapsedCase(
        "frappe/helpdesk#2075: a ticket of the weekend waits from the weekend on",
        on_weekdays("Asia/Kolkata", "10:00-18:00"),
        "2024-12-07T11:00:00+05:30", "2024-12-09T10:05:00+05:30", 5 * MINUTE,
    ),
    ElapsedCase(
        "glpi-project/glpi#687: opened and solved outside hours",
        on_weekdays("Europe/Paris", "08:00-18:30"),
        "2017-01-05T19:00:00+01:00", "2017-01-05T21:00:00+01:00", 0,
    ),
    ElapsedCase(
        "bokmann/business_time#137: the hour of lunch is deducted, but not from a morning",
        on_weekdays("UTC", "08:00-12:00", "13:00-17:00"),
        "2016-09-05T08:00:00Z", "2016-09-06T12:00:00Z", 12 * HOUR,
    ),
    ElapsedCase(
        "zendesk/biz#35: the midnight at which the clocks go forward does not exist",
        daily("America/Sao_Paulo", "00:00-24:00"),
        "2015-10-17T00:00:00-03:00", "2015-10-19T00:00:00-02:00", 47 * HOUR,
    ),
    ElapsedCase(
        "OTRS/otrs#698: the clocks go back at midnight to the day before",
        {"zone": "America/Sao_Paulo", "sat": ["00:00-24:00"]},
        "2015-02-20T12:00:00-02:00", "2015-02-22T12:00:00-03:00", 25 * HOUR,
    ),
    ElapsedCase(
        "rails/rails#35901: a day of 25 hours ends after the first 24",
        {"zone": "America/Santiago", "sat": ["12:00-24:00"]},
        "2019-04-06T00:00:00-03:00", "2019-04-07T12:00:00-04:00", 13 * HOUR,
    ),
    ElapsedCase(
        "nyaruka/rapidpro#6905: 24 hours after the midnight of a day of 25 hours is the same day",
        daily("Europe/London", "00:00-24:00"),
        "2026-10-25T00:00:00+01:00", "2026-10-26T00:00:00Z", 25 * HOUR,
    ),
    ElapsedCase(
        "abrain/einsatzverwaltung#200: wall times over the skipped hour are subtracted",
        daily("Europe/Berlin", "00:00-24:00"),
        "2020-03-29T01:49:00+01:00", "2020-03-29T03:15:00+02:00", 26 * MINUTE,
    ),
    ElapsedCase(
        "zendesk/biz#160: a local time that exists twice although no summer time ends",
        {"zone": "Africa/Casablanca", "sun": ["02:00-03:00"]},
        "2025-02-23T00:00:00+01:00", "2025-02-23T12:00:00+00:00", 2 * HOUR,
    ),
]  # fmt: skip

OPEN = [
    OpenCase(
        "chatwoot/chatwoot#15647: closed in the last minute of a day that is open all day",
        daily("UTC", "00:00-24:00"), "2026-09-01T23:59:30Z", True,
    ),
    OpenCase(
        "chatwoot/chatwoot#15647: closing time itself is closed",
        daily("UTC", "09:00-17:00"), "2026-09-01T17:00:00Z", False,
    ),
    OpenCase(
        "zendesk/biz#142: the zone of the process is taken for that of the schedule",
        daily("Asia/Shanghai", "07:40-11:30", "12:30-16:40"), "2019-04-29T02:00:00Z", True,
    ),
    OpenCase(
        "chatwoot/chatwoot#2882: the zone's standard offset is applied in summer",
        on_weekdays("Europe/Madrid", "09:00-17:00"), "2021-08-25T07:30:00Z", True,
    ),
    OpenCase(
        "chatwoot/chatwoot#14009: open at lunch, as a day has one interval",
        daily("America/Sao_Paulo", "08:00-12:00", "13:30-18:00"), "2026-04-06T12:30:00-03:00", False,
    ),
    OpenCase(
        "grafana-cold-storage/oncall#3261: hours move with the end of summer time",
        daily("Europe/London", "08:30-17:30"), "2023-11-02T08:00:00Z", False,
    ),
    OpenCase(
        "glpi-project/glpi#15429: any calendar but that of all hours is taken in UTC",
        on_weekdays("Asia/Kolkata", "09:30-18:00"), "2023-08-21T04:00:00Z", True,
    ),
]  # fmt: skip
