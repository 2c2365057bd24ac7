"""Which changes the counts of closed periods hold after `[periods]` of the configuration has changed."""

from msgspec.structs import replace

from models.definitions.periods import PeriodDefinitions
from models.partition.partition import Partition
from tests.models.partition.test_restatements import FEBRUARY, JANUARY, MONTHS, commit, us, watched
from tests.support.partitions import HOUR, NOW, Shop


def with_periods(**changed):
    return replace(MONTHS, periods=replace(MONTHS.periods, **changed))


def watched_shop():
    """Return a shop in which an order of January was late; the present is 5 March 2026."""
    shop = watched(Shop(MONTHS))
    shop.order("o1", JANUARY)
    commit(shop)
    return shop


def restart(shop, definitions, now=NOW):
    """Restart a shop's worker with other definitions, until it is caught up and its rows are committed."""
    commit(shop)
    shop.rows = {key: row for key, row in shop.rows.items() if row is not None}
    shop.definitions, shop.now = definitions, now
    shop.partition = Partition(definitions, dict(shop.rows))
    shop.partition.resume(now)
    for _ in shop.partition.build_aggregates():
        pass
    shop.partition.evaluate(now)
    shop.partition.follow_close(caught_up=True)
    commit(shop)


def counted(shop):
    """Return kind -> label -> number of late facts."""
    found = shop.partition.evaluate(shop.now).restated
    return {kind: {label: each[0] for label, each in counts.items()} for kind, counts in found.items()}


def since(shop):
    return shop.partition.evaluate(shop.now).counted_since


LATE = {"month": {"2026-01": 1, "2026-02": 1}}


def test_restart_without_a_change_continues_the_counts():
    shop = watched_shop()
    restart(shop, MONTHS, NOW + HOUR)
    assert (counted(shop), since(shop)) == (LATE, {"month": NOW})


def test_other_definitions_continue_the_counts():
    shop = watched_shop()
    restart(shop, replace(MONTHS, rates={"USD": 1.0, "EUR": 1.1}), NOW + HOUR)
    assert (counted(shop), since(shop)) == (LATE, {"month": NOW})


def test_kind_that_is_added_counts_from_then_on():
    shop = watched_shop()
    restart(shop, with_periods(kinds=("month", "quarter")), NOW + HOUR)
    assert counted(shop) == LATE
    assert since(shop) == {"month": NOW, "quarter": NOW + HOUR + 1}
    shop.order("o2", us(2025, 11, 10))
    assert counted(shop)["quarter"] == {"2025-Q4": 1}


def test_kind_that_was_removed_for_a_while_counts_anew():
    shop = watched_shop()
    restart(shop, with_periods(kinds=("quarter",)), NOW + HOUR)
    shop.order("o2", JANUARY)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    assert (counted(shop), since(shop)) == ({}, {"month": NOW + 2 * HOUR + 1})


def test_periods_that_were_switched_off_count_anew():
    shop = watched_shop()
    restart(shop, Shop().definitions, NOW + HOUR)
    assert since(shop) == {}
    shop.order("o2", JANUARY)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    assert (counted(shop), since(shop)) == ({}, {"month": NOW + 2 * HOUR + 1})


def test_another_zone_for_a_while_counts_anew():
    shop = watched_shop()
    restart(shop, with_periods(zone="Europe/Berlin"), NOW + HOUR)
    assert (counted(shop), since(shop)) == ({}, {"month": NOW + HOUR + 1})
    shop.order("o2", JANUARY)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    assert (counted(shop), since(shop)) == ({}, {"month": NOW + 2 * HOUR + 1})


def test_other_first_weekday_for_a_while_counts_anew():
    shop = watched_shop()
    restart(shop, with_periods(week_starts="sunday"), NOW + HOUR)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    assert (counted(shop), since(shop)) == ({}, {"month": NOW + 2 * HOUR + 1})


def test_period_that_is_frozen_counts_under_a_longer_delay():
    """February, which 24 hours had closed, would otherwise change without a cause until 11 March."""
    shop = watched_shop()
    restart(shop, with_periods(close_after="240h"), NOW + HOUR)
    shop.order("o2", FEBRUARY)
    assert counted(shop) == {"month": {"2026-01": 1, "2026-02": 2}}
    assert since(shop) == {"month": NOW}


def test_shorter_delay_closes_periods_at_once():
    shop = watched(Shop(with_periods(close_after="240h")))
    shop.order("o1", FEBRUARY)
    restart(shop, with_periods(close_after="24h"), NOW + HOUR)
    shop.order("o2", FEBRUARY)
    assert (counted(shop), since(shop)) == ({"month": {"2026-02": 1}}, {"month": NOW})


def test_changed_kinds_count_once_they_are_committed():
    shop = watched_shop()
    shop.partition = Partition(with_periods(kinds=("week", "month")), dict(shop.rows))
    shop.partition.resume(NOW)
    assert since(shop) == {"month": NOW}
    shop.partition.follow_close(caught_up=True)
    assert since(shop) == {"month": NOW}
    assert shop.partition.has_changes, "no transaction would commit the row"
    commit(shop)
    assert since(shop) == {"week": NOW + 1, "month": NOW}


def test_partition_without_kinds_has_no_row_of_counts():
    shop = Shop(replace(MONTHS, periods=PeriodDefinitions()))
    shop.order("o1", JANUARY)
    assert len(shop.partition.take_changes()) == 2  # the customer and the metadata


def test_evaluation_after_a_close_waits_for_a_commit():
    """Else a fact that was known at the close would be read again after a crash, and count as late."""
    shop = watched_shop()
    shop.order("o2", us(2026, 3, 10))
    shop.partition.evaluate(us(2026, 4, 1, 23))
    assert not shop.partition.follow_close(caught_up=True)
    shop.partition.take_changes()
    shop.partition.evaluate(us(2026, 4, 2))
    shop.partition.confirm_changes()  # of the transaction before the close
    assert shop.partition.follow_close(caught_up=True)
    commit(shop)
    assert not shop.partition.follow_close(caught_up=True)


def test_epoch_of_the_event_clock_closes_no_period():
    """The clock is at the epoch until the first event of an empty shop."""
    shop = Shop(MONTHS)
    shop.partition = Partition(MONTHS, {})
    for caught_up in (False, True):
        shop.partition.evaluate(0)
        shop.partition.follow_close(caught_up=caught_up)
    shop.partition.advance(NOW)
    shop.order("o1", FEBRUARY)
    shop.order("o2", NOW - HOUR)
    assert shop.partition.evaluate(NOW).restated == {"month": {"2026-02": [1, 0, 0, 0, 0]}}
