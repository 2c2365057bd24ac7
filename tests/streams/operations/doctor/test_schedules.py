"""The doctor's findings on the hours of support."""

from datetime import UTC, date, datetime

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.schedules import Schedule
from models.definitions.sla_policy import SlaPolicy
from streams.operations.doctor import schedules
from tests.support.schedules import version, weekdays

#: A Friday, 17:30 in Berlin: half an hour after support has closed.
FRIDAY = datetime(2026, 12, 18, 16, 30, tzinfo=UTC)
CHRISTMAS = (date(2026, 12, 25), date(2027, 1, 1))


def found(schedule, now=FRIDAY, used="support"):
    definitions = Definitions(
        schedules={"support": schedule},
        sla_policies=dict.fromkeys(PRIORITIES, SlaPolicy(schedule=used)),
    )
    *rest, zone = schedules.findings(definitions, now)
    assert zone.what.startswith(f"time zone {schedule.zone}: data of the ")
    return [(finding.level, finding.what) for finding in rest]


def test_shop_without_schedules_has_no_findings():
    assert list(schedules.findings(Definitions(), FRIDAY)) == []


def test_next_opening_and_holiday_are_named():
    assert found(weekdays(holidays=CHRISTMAS)) == [
        ("ok", "schedule support: closed now, opens next on Mon 2026-12-21 at 09:00 (Europe/Berlin)"),
        ("ok", "schedule support: the next holiday is Fri 2026-12-25"),
    ]


def test_open_schedule_names_its_next_opening():
    state, _ = found(weekdays(), datetime(2026, 12, 18, 8, 0, tzinfo=UTC))
    assert state[1].startswith("schedule support: open now, opens next on Mon 2026-12-21")


def test_round_the_clock_schedule_has_no_next_opening():
    days = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")
    state, _ = found(Schedule("Asia/Kolkata", (version(**days),)))
    assert state[1] == "schedule support: open now, always"


def test_ended_list_of_holidays_is_a_warning():
    _, (level, what) = found(weekdays(holidays=(date(2025, 12, 25),)))
    assert level == "warn"
    assert what == "schedule support: no holiday within 365 days; the last of its list is 2025-12-25"


def test_holiday_of_another_version_does_not_count():
    hours = dict.fromkeys(("mon", "tue"), "09:00-17:00")
    both = Schedule(
        "UTC",
        (version(**hours, holidays=CHRISTMAS), version(date(2026, 12, 20), (date(2027, 1, 6),), **hours)),
    )
    assert found(both)[1] == ("ok", "schedule support: the next holiday is Wed 2027-01-06")


def test_schedule_that_no_target_uses_is_a_warning():
    definitions = Definitions(schedules={"spare": weekdays()})
    levels = {finding.what: finding.level for finding in schedules.findings(definitions, FRIDAY)}
    assert levels["no target runs by the schedule spare"] == "warn"
