"""Holidays in iCalendar files."""

import sys
from datetime import date

import pytest

from streams.config import holidays
from streams.errors import MissingExtra


@pytest.fixture
def read(tmp_path):
    def read(*events):
        path = tmp_path / "holidays.ics"
        body = "".join(f"BEGIN:VEVENT\nUID:1\nSUMMARY:Off\n{event}\nEND:VEVENT\n" for event in events)
        path.write_text(
            f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n".replace("\n", "\r\n")
        )
        return holidays.read(path)

    return read


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;VALUE=DATE:20261225", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261231\nDTEND;VALUE=DATE:20270102", ["2026-12-31", "2027-01-01"]),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P2D", ["2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=2", ["2026-12-25", "2027-12-25"]),
        ("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;UNTIL=20271225", ["2026-12-25", "2027-12-25"]),
        (
            "DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20271225",
            ["2026-12-25", "2028-12-25"],
        ),
        (
            "DTSTART;VALUE=DATE:20261225\nRDATE;VALUE=DATE:20270106,20280106",
            ["2026-12-25", "2027-01-06", "2028-01-06"],
        ),
    ],
)
def test_event_of_whole_days_is_a_holiday(read, event, expected):
    assert [day.isoformat() for day in read(event)] == expected


def test_event_that_recurs_for_ever_ends_with_the_last_year(read):
    found = read("DTSTART;VALUE=DATE:20001225\nRRULE:FREQ=YEARLY")
    assert (found[0], found[-1], len(found)) == (date(2000, 12, 25), date(2100, 12, 25), 101)


def test_dates_of_all_events_are_sorted(read):
    found = read("DTSTART;VALUE=DATE:20270101", "DTSTART;VALUE=DATE:20261225", "DTSTART;VALUE=DATE:20270101")
    assert found == (date(2026, 12, 25), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("DTSTART:20261224T120000Z", "'Off' is not one of whole days"),
        ("DTSTART;VALUE=DATE:20261225\nDTEND:20261225T120000Z", "'Off' is not one of whole days"),
        ("DTEND;VALUE=DATE:20261225", "'Off' has no DTSTART"),
        ("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=NEVER", "'Off' recurs by an invalid rule"),
    ],
)
def test_event_without_dates_is_an_error(read, event, problem):
    with pytest.raises(ValueError, match=problem):
        read(event)


@pytest.mark.parametrize(
    "content", [b"", b"holidays: yes", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"\xff\xfe"]
)
def test_file_of_another_format_is_an_error(tmp_path, content):
    path = tmp_path / "holidays.ics"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not an iCalendar file"):
        holidays.read(path)


def test_file_without_the_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(MissingExtra, match="icalendar"):
        holidays.read(tmp_path / "holidays.ics")
