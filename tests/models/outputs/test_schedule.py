"""The schedule of the customers that are checked for outputs."""

from models.outputs import EmitSchedule

HOUR = 3_600_000_000
DAY = 24 * HOUR
MIDNIGHT = 20_000 * DAY


def schedule_after_sweep(*keys, now=MIDNIGHT):
    schedule = EmitSchedule(lambda: keys)
    assert schedule.next_due(now, 100) == list(keys)
    return schedule


def test_all_customers_are_due_after_a_start_and_daily():
    schedule = schedule_after_sweep(b"a", b"b", b"c")
    assert schedule.next_due(MIDNIGHT + DAY - 1, 100) == []
    assert schedule.next_due(MIDNIGHT + DAY, 2) == [b"a", b"b"]
    assert schedule.next_due(MIDNIGHT + DAY, 2) == [b"c"]
    assert schedule.next_due(MIDNIGHT + DAY, 2) == []


def test_changed_customers_come_first_in_order():
    schedule = EmitSchedule(lambda: [b"x", b"y", b"z"])
    assert schedule.next_due(MIDNIGHT, 1) == [b"x"]
    for key in (b"a", b"b", b"a", b"c"):
        schedule.mark_dirty(key)
    assert schedule.next_due(MIDNIGHT, 2) == [b"a", b"b"]
    schedule.mark_dirty(b"a")
    assert schedule.next_due(MIDNIGHT, 4) == [b"c", b"a", b"y", b"z"]


def test_only_the_latest_timer_of_a_customer_fires():
    schedule = schedule_after_sweep()
    schedule.schedule(b"a", MIDNIGHT + HOUR)
    schedule.schedule(b"b", MIDNIGHT + HOUR)
    schedule.schedule(b"b", MIDNIGHT + 2 * HOUR)
    assert schedule.next_due(MIDNIGHT + HOUR - 1, 9) == []
    assert schedule.next_due(MIDNIGHT + HOUR, 9) == [b"a"]
    assert schedule.next_due(MIDNIGHT + 2 * HOUR, 9) == [b"b"]
    schedule.schedule(b"c", MIDNIGHT + 3 * HOUR)
    schedule.schedule(b"c", None)
    assert schedule.next_due(MIDNIGHT + 3 * HOUR, 9) == []


def test_timer_early_in_the_next_sweep_is_kept():
    schedule = schedule_after_sweep()
    schedule.schedule(b"a", MIDNIGHT + DAY + HOUR - 1)
    assert schedule.next_due(MIDNIGHT + DAY + HOUR - 1, 9) == [b"a"]


def test_sweep_longer_than_a_day_omits_no_customer():
    schedule = EmitSchedule(lambda: [b"a", b"b", b"c"])
    seen = [schedule.next_due(MIDNIGHT + day * DAY, 1) for day in range(6)]
    assert seen == [[b"a"], [b"b"], [b"c"], [b"a"], [b"b"], [b"c"]]
