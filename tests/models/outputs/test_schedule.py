"""Who is looked at, and when."""

from models.outputs import EmitSchedule

HOUR = 3_600_000_000
DAY = 24 * HOUR
MIDNIGHT = 20_000 * DAY


def desk_after_its_round(*keys, now=MIDNIGHT):
    desk = EmitSchedule(lambda: keys)
    assert desk.next(now, 100) == list(keys)
    return desk


def test_all_are_looked_at_after_a_start_and_once_a_day():
    desk = desk_after_its_round(b"a", b"b", b"c")
    assert desk.next(MIDNIGHT + DAY - 1, 100) == []
    assert desk.next(MIDNIGHT + DAY, 2) == [b"a", b"b"]
    assert desk.next(MIDNIGHT + DAY, 2) == [b"c"]
    assert desk.next(MIDNIGHT + DAY, 2) == []


def test_who_has_changed_comes_first_and_in_turn():
    desk = EmitSchedule(lambda: [b"x", b"y", b"z"])
    assert desk.next(MIDNIGHT, 1) == [b"x"]
    for key in (b"a", b"b", b"a", b"c"):
        desk.touch(key)
    assert desk.next(MIDNIGHT, 2) == [b"a", b"b"]
    desk.touch(b"a")
    assert desk.next(MIDNIGHT, 4) == [b"c", b"a", b"y", b"z"]


def test_time_brings_somebody_at_the_last_instant_that_was_given():
    desk = desk_after_its_round()
    desk.remind(b"a", MIDNIGHT + HOUR)
    desk.remind(b"b", MIDNIGHT + HOUR)
    desk.remind(b"b", MIDNIGHT + 2 * HOUR)
    assert desk.next(MIDNIGHT + HOUR - 1, 9) == []
    assert desk.next(MIDNIGHT + HOUR, 9) == [b"a"]
    assert desk.next(MIDNIGHT + 2 * HOUR, 9) == [b"b"]
    desk.remind(b"c", MIDNIGHT + 3 * HOUR)
    desk.remind(b"c", None)
    assert desk.next(MIDNIGHT + 3 * HOUR, 9) == []


def test_what_is_due_while_the_next_round_begins_is_not_left_to_it():
    desk = desk_after_its_round()
    desk.remind(b"a", MIDNIGHT + DAY + HOUR - 1)
    assert desk.next(MIDNIGHT + DAY + HOUR - 1, 9) == [b"a"]


def test_days_that_fly_leave_nobody_out():
    desk = EmitSchedule(lambda: [b"a", b"b", b"c"])
    seen = [desk.next(MIDNIGHT + day * DAY, 1) for day in range(6)]
    assert seen == [[b"a"], [b"b"], [b"c"], [b"a"], [b"b"], [b"c"]]
