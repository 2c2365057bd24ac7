"""Instants of local times, at and beside changes to and from daylight-saving time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from models.schedules.local_time import instant


def utc(text):
    return int(datetime.fromisoformat(f"{text}Z").timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("UTC", "2026-06-10T10:00", "2026-06-10T10:00"),
        ("Europe/Berlin", "2026-01-10T10:00", "2026-01-10T09:00"),
        ("Europe/Berlin", "2026-07-10T10:00", "2026-07-10T08:00"),
        # clocks are set forward from 02:00 to 03:00
        ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59"),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29T03:01", "2026-03-29T01:01"),
        # clocks are set back from 03:00 to 02:00
        ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00"),
        # half an hour forward, and zones of half and quarter hours
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Asia/Kolkata", "2026-06-10T10:00", "2026-06-10T04:30"),
        ("Asia/Kathmandu", "2026-06-10T10:00", "2026-06-10T04:15"),
        # midnight does not exist
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00"),
        ("Africa/Cairo", "2026-04-24T01:00", "2026-04-23T22:00"),
        # the whole date does not exist
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00"),
    ],
)
def test_local_time_is_its_first_instant(zone, local, expected):
    assert instant(ZoneInfo(zone), datetime.fromisoformat(local)) == utc(expected)
