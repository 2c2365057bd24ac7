"""The shifts of the support desk, and a shop whose agents work in the hours of a schedule."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from models.contract.decoding import decode
from streams.simulator import simulate, topic_of
from streams.simulator.seasons import DAY, HOUR
from streams.simulator.shifts import OfficeHours, RoundTheClock
from tests.support.schedules import weekdays

START = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = weekdays("08:00-12:00 13:00-18:00", "UTC")
SUNDAY = START.timestamp()
MONDAY = SUNDAY + DAY


@pytest.fixture(scope="module")
def events():
    """Four weeks of a shop in which agents work on weekdays."""
    return list(simulate(1, START, START + timedelta(weeks=4), 1_500, hours=HOURS))


@pytest.mark.parametrize(
    ("now", "length", "working"),
    [
        (SUNDAY, DAY, False),
        (MONDAY, 8 * HOUR, False),
        (MONDAY + 8 * HOUR, 4 * HOUR, True),
        (MONDAY + 12 * HOUR, HOUR, False),
        (MONDAY + 17 * HOUR, HOUR, True),
    ],
)
def test_shift_of_a_schedule_ends_where_it_opens_or_closes(now, length, working):
    shifts = OfficeHours(HOURS, SUNDAY)
    assert shifts.length(now) == length
    assert bool(shifts.staff(now)) == working


def test_agents_of_a_week_are_as_many_as_without_hours():
    assert OfficeHours(HOURS, SUNDAY).staff(MONDAY + 8 * HOUR) == pytest.approx(168 / 45)
    assert sum(RoundTheClock().staff(MONDAY + shift * 8 * HOUR) for shift in range(3)) == 3


def test_ticket_of_a_night_is_attended_at_the_next_opening():
    shifts = OfficeHours(HOURS, SUNDAY)
    assert shifts.attended(MONDAY + 20 * HOUR) == MONDAY + DAY + 8 * HOUR
    assert shifts.attended(MONDAY + 9 * HOUR) == MONDAY + 9 * HOUR
    assert RoundTheClock().attended(MONDAY + 20 * HOUR) == MONDAY + 20 * HOUR


def test_agents_answer_by_day_and_customers_write_at_night(events):
    """The reply to the last ticket of a shift may come after its end: an agent finishes a started ticket."""
    agents = [datetime.fromisoformat(e["time"]) for e in events if e.get("author") == "agent"]
    late = [time for time in agents if not (time.weekday() < 5 and 8 <= time.hour < 18)]
    assert len(late) < 0.05 * len(agents)
    assert not [time for time in late if time.hour >= 20 or time.hour < 8 or time.weekday() > 4]
    opened = [datetime.fromisoformat(e["time"]) for e in events if e["type"] == "ticket.opened"]
    assert sum(time.hour >= 18 or time.hour < 8 for time in opened) > 0.2 * len(opened) > 10


def test_every_event_of_a_shop_with_hours_is_valid(events):
    assert all(decode(topic_of(event), msgspec.json.encode(event)) for event in events)


def test_shop_with_other_hours_has_other_ids():
    def first(hours):
        return next(iter(simulate(1, START, START + timedelta(days=9), 100, hours=hours)))["id"]

    assert len({first(None), first(HOURS), first(weekdays("09:00-17:00"))}) == 3
