"""The aggregates of a partition, by hand."""

from models.aggregation.aggregates import Aggregates, window_sizes
from models.definitions.definitions import Definitions
from models.metrics.totals import Totals
from tests.support.partitions import HOUR, NOW, SECOND

PRESENT = NOW // HOUR
DEFINITIONS = Definitions(windows=("7d",), lifecycle_days=90)


def totals_of(aggregates, now=NOW):
    return Totals([aggregates.evaluate(now)], DEFINITIONS, now)


def test_window_sizes_include_double_windows_lifecycle_and_year():
    assert window_sizes(DEFINITIONS) == [168, 336, 1080, 2160, 8760, 17520]


def test_delta_counts_while_its_hour_is_in_the_window():
    aggregates = Aggregates(DEFINITIONS)
    orders = aggregates.count("orders")
    aggregates.counts.cells_of_weight(1).extend([orders + PRESENT - 167, orders + PRESENT - 168])
    totals = totals_of(aggregates)
    assert (totals.sum(168, "orders"), totals.sum(336, "orders"), totals.all_time("orders")) == (1, 2, 2)
    assert totals_of(aggregates, NOW + HOUR).sum(168, "orders") == 0


def test_retracted_delta_leaves_nothing():
    aggregates = Aggregates(DEFINITIONS)
    money = aggregates.total("net")
    aggregates.add_total(money + PRESENT, 700)
    aggregates.add_duration(aggregates.duration("wait"), NOW, 5 * SECOND, 1)
    aggregates.add_total(money + PRESENT, -700)
    aggregates.add_duration(aggregates.duration("wait"), NOW, 5 * SECOND, -1)
    totals = totals_of(aggregates)
    durations = totals.durations(totals.windows[0], ("wait",))
    assert (totals.sum(168, "net"), durations.count, durations.sum) == (0, 0, 0)


def test_oldest_unanswered_ticket_follows_retractions():
    aggregates = Aggregates(DEFINITIONS)
    aggregates.add_unanswered(NOW - 5, 1)
    aggregates.add_unanswered(NOW - 9, 1)
    assert aggregates.evaluate(NOW).oldest == NOW - 9
    aggregates.add_unanswered(NOW - 9, -1)
    assert aggregates.evaluate(NOW).oldest == NOW - 5
    aggregates.add_unanswered(NOW - 5, -1)
    assert aggregates.evaluate(NOW).oldest is None
