"""Times of records: in numbers, in the forms of databases, and local times of a zone."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from models.contract.event import Time
from streams.mapping import times
from streams.mapping.conversions import ConversionError

T = datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", 1714557600.123),
        ("s", "1714557600.123"),
        ("ms", 1714557600123),
        ("ms", "1714557600123"),
        ("us", 1714557600123000),
        ("ns", 1714557600123000456),
        ("ms", T),
        ("ms", Decimal(1714557600123)),
    ],
)
def test_epochs_are_exact(unit, value):
    assert times.epoch(unit)(value) == T


def test_date_is_midnight_in_the_zone():
    assert times.epoch("days")(19844) == datetime(2024, 5, 1, tzinfo=UTC)
    assert times.epoch("days")(date(2024, 5, 1)) == datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", ["yesterday", [1], {"s": 1}, True, 10**30, "1e300"])
def test_invalid_epoch_is_reported(value):
    with pytest.raises(ConversionError, match="since 1970"):
        times.epoch("s")(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01T12:00:00", T.replace(microsecond=0)),
        ("2024-05-01 12:00:00", T.replace(microsecond=0)),
        (datetime(2024, 5, 1, 12), T.replace(microsecond=0)),  # noqa: DTZ001
        ("2024-05-01T12:00:00+00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-12-01T12:00:00", datetime(2024, 12, 1, 11, tzinfo=UTC)),
        ("no time", "no time"),
    ],
)
def test_time_without_an_offset_is_in_the_zone(value, expected):
    assert times.local(ZoneInfo("Europe/Berlin"))(value) == expected


def test_format_with_or_without_offset_is_parsed():
    berlin = times.formatted("%d.%m.%Y %H:%M", ZoneInfo("Europe/Berlin"))
    assert berlin("01.05.2024 12:00") == T.replace(microsecond=0)
    offset = times.formatted("%Y-%m-%d %H:%M %z", None)
    assert offset("2024-05-01 12:00 +0200") == T.replace(microsecond=0)
    for value in ("1/5/2024", 5, None):
        with pytest.raises(ConversionError, match="not of the format"):
            berlin(value)


@pytest.mark.parametrize("value", [5, 5.5, datetime(2024, 5, 1)])  # noqa: DTZ001
def test_ambiguous_time_is_not_guessed(value):
    with pytest.raises(ConversionError, match=r"without a unit|no time zone"):
        times.instant(value)


SQL_TIMES = [
    ("2026-06-10 10:00:00+00", "2026-06-10T10:00:00+00:00"),  # PostgreSQL
    ("2026-06-10 10:00:00.123+00", "2026-06-10T10:00:00.123+00:00"),
    ("2026-06-10 12:00:00+02", "2026-06-10T10:00:00+00:00"),
    ("2026-06-10 15:30:00+0530", "2026-06-10T10:00:00+00:00"),
    ("2026-06-10 15:30:00+05:30", "2026-06-10T10:00:00+00:00"),
    ("1890-06-10 10:53:28+00:53:28", "1890-06-10T10:00:00+00:00"),
    ("2026-06-10 10:00:00 UTC", "2026-06-10T10:00:00+00:00"),  # BigQuery
    ("2026-06-10 10:00:00.5 UTC", "2026-06-10T10:00:00.5+00:00"),
    ("2026-06-10 10:00:00.123456 UTC", "2026-06-10T10:00:00.123456+00:00"),
    ("2026-06-10 03:00:00.000 -0700", "2026-06-10T10:00:00+00:00"),  # Snowflake
    ("2026-06-10 12:00:00.0000000 +02:00", "2026-06-10T10:00:00+00:00"),  # SQL Server
    ("2026-06-10 10:00:00 +0000 UTC", "2026-06-10T10:00:00+00:00"),  # Go
    ("2026-06-10 12:00:00.000 Europe/Berlin", "2026-06-10T10:00:00+00:00"),  # Trino
    ("2026-06-10T12:00:00+02:00[Europe/Berlin]", "2026-06-10T10:00:00+00:00"),  # Java
    ("2026-06-10 10:00 GMT", "2026-06-10T10:00:00+00:00"),
    ("2026-06-10T10:00:00,5Z", "2026-06-10T10:00:00.5+00:00"),
    ("2026-06-10T10:00:00Z", "2026-06-10T10:00:00+00:00"),
]


@pytest.mark.parametrize(("text", "expected"), SQL_TIMES)
def test_time_of_an_sql_tool_is_read(text, expected):
    expected = datetime.fromisoformat(expected)
    if text.endswith(",5Z"):
        text = text.replace("Z", "+00")
    assert msgspec.convert(times.instant(text), Time) == expected
    assert times.local(ZoneInfo("Asia/Tokyo"))(text) == expected, "its own offset prevails"


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-10 10:00:00",
        "2026-06-10",
        "infinity",
        "2026-06-10 10:00:00 CEST",
        "2026-06-10 10:00:00 Europe/X",
    ],
)
def test_text_without_an_offset_stays_as_it_is(text):
    assert times.instant(text) == text
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(times.instant(text), Time)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-06-10", "2026-06-09T22:00:00+00:00"), ("2026-12-01", "2026-11-30T23:00:00+00:00")],
)
def test_date_without_a_time_is_the_beginning_of_its_day(text, expected):
    assert times.local(ZoneInfo("Europe/Berlin"))(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("convert", [times.local, lambda zone: times.formatted("%Y-%m-%d %H:%M:%S", zone)])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00+00:00"),  # the first of two: still summer time
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00+00:00"),  # does not exist: clocks show 03:30
        ("2026-03-29 03:30:00", "2026-03-29T01:30:00+00:00"),
    ],
)
def test_local_time_of_a_clock_change_is_one_instant(convert, text, expected):
    found = convert(ZoneInfo("Europe/Berlin"))(text)
    assert found.astimezone(UTC) == datetime.fromisoformat(expected)
    written = msgspec.json.decode(msgspec.json.encode(found), type=datetime)
    assert written == datetime.fromisoformat(expected), "an event has the same instant"


def test_midnight_that_does_not_exist_is_the_first_instant():
    found = times.local(ZoneInfo("America/Santiago"))("2025-09-07")
    assert found.astimezone(UTC) == datetime(2025, 9, 7, 4, tzinfo=UTC)


def test_format_reads_hour_offsets_and_the_name_utc():
    assert times.formatted("%Y-%m-%d %H:%M:%S%z", None)("2026-06-10 12:00:00+02") == datetime(
        2026, 6, 10, 10, tzinfo=UTC
    )
    assert times.formatted("%Y-%m-%d %H:%M:%S %Z", None)("2026-06-10 10:00:00 UTC") == datetime(
        2026, 6, 10, 10, tzinfo=UTC
    )
    with pytest.raises(ConversionError, match="not of the format"):
        times.formatted("%Y-%m-%d%z", None)("2026-06-10")


def test_offset_of_a_time_is_kept():
    at = T.astimezone(timezone(timedelta(hours=5)))
    assert times.instant(at) is at
