"""The tables `[schedules.NAME]` of the TOML file."""

from datetime import date

import pytest

from models.definitions.schedules import OpenHours
from streams.config import schedules
from streams.config.load import load
from streams.errors import SettingsError

SUPPORT = """
[schedules.support]
zone = "Europe/Berlin"
mon = ["13:30-18:00", "09:00-12:30"]
tue = ["00:00-24:00"]
holidays = ["2026-12-25", 2026-12-26]

[[schedules.support.versions]]
from = "2027-01-01"
sat = ["10:00-14:00"]
tue = []

[[schedules.support.versions]]
from = 2028-01-01
holidays = []
"""


@pytest.fixture
def definitions(tmp_path):
    def read(content):
        path = tmp_path / "retention.toml"
        path.write_text(content, encoding="utf-8")
        return load({}, {"RETENTION_CONFIG": str(path)}).definitions

    return read


def test_schedule_is_read_with_its_versions(definitions):
    support = definitions(SUPPORT).schedules["support"]
    first, second, third = support.versions
    assert support.zone == "Europe/Berlin"
    assert first.week[0] == (OpenHours(540, 750), OpenHours(810, 1080))
    assert first.week[1] == (OpenHours(0, 1440),)
    assert first.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert (second.begins, second.week[0], second.week[1]) == (date(2027, 1, 1), first.week[0], ())
    assert (second.week[5], second.holidays) == ((OpenHours(600, 840),), first.holidays)
    assert (third.week, third.holidays) == (second.week, ())


def test_holidays_of_a_file_are_read_beside_the_configuration(definitions, tmp_path):
    (tmp_path / "de.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261225\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    content = '[schedules.support]\nzone = "UTC"\nmon = ["09:00-18:00"]\nholidays_file = "de.ics"'
    assert definitions(content).schedules["support"].versions[0].holidays == (date(2026, 12, 25),)


VERSION = '[schedules.a]\nzone = "UTC"\n[[schedules.a.versions]]\nfrom = "2026-01-01"\n'
DAYS_OFF = [f"2026-{month:02}-{day:02}" for month in (11, 12) for day in range(1, 31)]


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ("schedules = 1", "schedules", "a table for each schedule"),
        ("[schedules]\nsupport = 1", "schedules.support", "expected a table"),
        ('[schedules."a b"]', "schedules.a b", "is not a valid name"),
        ('[schedules.a]\nmon = ["09:00-18:00"]', "schedules.a.zone", "is missing"),
        (
            '[schedules.a]\nzone = "Europe/Berlim"',
            "schedules.a.zone",
            "'Europe/Berlim' is not a known time zone",
        ),
        ('[schedules.a]\nzone = "../etc"', "schedules.a.zone", "is not a known time zone"),
        ('[schedules.a]\nzone = ""', "schedules.a.zone", "is not a known time zone"),
        ('[schedules.a]\nzone = "localtime"', "schedules.a.zone", "is not a known time zone"),
        ('[schedules.a]\nzone = "UTC"\nmonday = []', "schedules.a.monday", "did you mean mon?"),
        ('[schedules.a]\nzone = "UTC"\nmon = "09:00-18:00"', "schedules.a.mon", "is not a list"),
        ('[schedules.a]\nzone = "UTC"\nmon = ["9-18"]', "schedules.a.mon", "'9-18' is not valid"),
        ('[schedules.a]\nzone = "UTC"\nmon = ["09:00-25:00"]', "schedules.a.mon", "is not valid"),
        ('[schedules.a]\nzone = "UTC"\nmon = ["24:00-24:00"]', "schedules.a.mon", "is not valid"),
        ('[schedules.a]\nzone = "UTC"\nmon = ["22:00-06:00"]', "schedules.a.mon", "two intervals"),
        ('[schedules.a]\nzone = "UTC"\nmon = ["09:00-09:00"]', "schedules.a.mon", "two intervals"),
        (
            '[schedules.a]\nzone = "UTC"\ntue = ["12:00-18:00", "09:00-12:01"]',
            "schedules.a.tue",
            "09:00-12:01 and 12:00-18:00 overlap",
        ),
        ('[schedules.a]\nzone = "UTC"\nholidays = "2026-12-25"', "schedules.a.holidays", "is not a list"),
        ('[schedules.a]\nzone = "UTC"\nholidays = ["25.12.2026"]', "schedules.a.holidays", "is not a date"),
        ('[schedules.a]\nzone = "UTC"\nholidays = ["2026-02-30"]', "schedules.a.holidays", "is not a date"),
        (
            '[schedules.a]\nzone = "UTC"\nholidays = [2026-12-25T00:00:00]',
            "schedules.a.holidays",
            "is not a date",
        ),
        (
            '[schedules.a]\nzone = "UTC"\nholidays = []\nholidays_file = "a"',
            "schedules.a.holidays",
            "excludes",
        ),
        ('[schedules.a]\nzone = "UTC"\nholidays_file = 1', "schedules.a.holidays_file", "the path of an"),
        (
            '[schedules.a]\nzone = "UTC"\nholidays_file = "no.ics"',
            "schedules.a.holidays_file",
            "No such file",
        ),
        ('[schedules.a]\nzone = "UTC"', "schedules.a", "is closed for 60 days in a row"),
        (
            f'[schedules.a]\nzone = "UTC"\nmon = ["09:00-18:00"]\nholidays = {DAYS_OFF}',
            "schedules.a",
            "from 2026-10-26 on",
        ),
        ('[schedules.a]\nzone = "UTC"\nversions = 1', "schedules.a.versions", "[[schedules.a.versions]]"),
        ('[schedules.a]\nzone = "UTC"\nversions = [1]', "schedules.a.versions[1]", "expected a table"),
        (
            '[schedules.a]\nzone = "UTC"\n[[schedules.a.versions]]',
            "schedules.a.versions[1].from",
            "is missing",
        ),
        (
            '[schedules.a]\nzone = "UTC"\n[[schedules.a.versions]]\nfrom = "soon"',
            "schedules.a.versions[1].from",
            "'soon' is not a date",
        ),
        (
            '[schedules.a]\nzone = "UTC"\n[[schedules.a.versions]]\nfrom = "2026-01-01"\nzone = "UTC"',
            "schedules.a.versions[1].zone",
            "unknown key",
        ),
        (
            VERSION + '[[schedules.a.versions]]\nfrom = "2026-01-01"',
            "schedules.a.versions[2].from",
            "is not later than the version before",
        ),
        (
            VERSION + 'mon = ["09:00-12:00", "11:00-12:00"]',
            "schedules.a.versions[1].mon",
            "overlap",
        ),
    ],
)
def test_invalid_key_of_a_schedule_is_named(definitions, content, name, expected):
    with pytest.raises(SettingsError) as caught:
        definitions(content)
    assert caught.value.name == name
    assert expected in str(caught.value)
    assert "retention.toml" in str(caught.value)


def test_schedule_without_a_file_needs_no_path():
    table = {"a": {"zone": "UTC", "mon": ["09:00-18:00"]}}
    assert schedules.read(table, 800, None)["a"].zone == "UTC"
