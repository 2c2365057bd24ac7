"""The values that were published on the last days."""

from models.definitions.windows import US_PER_DAY
from models.identity.erased_ids import ERASED_KEY, SECRET_KEY
from models.identity.merge_registry import MERGE_KEY, REDIRECT_KEY
from models.partition.metadata import METADATA_KEY
from models.partition.published import KEPT_DAYS, PUBLISHED_KEY, PublishedRatio
from models.partition.restatement_counts import RESTATEMENTS_KEY
from tests.support.partitions import DAY, HOUR, NOW, Shop

FIRST, SECOND = PublishedRatio(1, 4), PublishedRatio(2, 4)
MIDNIGHT = NOW // US_PER_DAY * US_PER_DAY


def recorded(partition, at):
    day = partition.published.of_day(at)
    return None if day is None else (day.at, day.ratios["churn"])


def test_first_values_of_a_day_are_kept():
    partition = Shop().partition
    partition.published.record(MIDNIGHT + HOUR, {"churn": FIRST})
    partition.published.record(MIDNIGHT + 2 * HOUR, {"churn": SECOND})
    partition.published.record(MIDNIGHT + DAY, {"churn": SECOND})
    assert recorded(partition, MIDNIGHT + 23 * HOUR) == (MIDNIGHT + HOUR, FIRST)
    assert recorded(partition, MIDNIGHT + DAY) == (MIDNIGHT + DAY, SECOND)
    assert recorded(partition, MIDNIGHT - 1) is None


def test_days_are_kept_for_five_weeks():
    partition = Shop().partition
    for day in range(35 + 2):
        partition.published.record(MIDNIGHT + day * DAY, {"churn": FIRST})
    assert recorded(partition, MIDNIGHT) is None
    assert recorded(partition, MIDNIGHT + DAY) == (MIDNIGHT + DAY, FIRST)


def test_days_before_a_long_stop_are_removed():
    shop = Shop()
    shop.partition.published.record(MIDNIGHT, {"churn": FIRST})
    shop.partition.published.record(MIDNIGHT + 400 * DAY, {"churn": FIRST})
    assert recorded(shop.partition, MIDNIGHT) is None


def test_removed_days_are_removed_from_the_changelog():
    shop = Shop()
    shop.partition.published.record(MIDNIGHT, {"churn": FIRST})
    [written] = [key for key in shop.partition.take_changes() if key.startswith(PUBLISHED_KEY)]
    shop.partition.published.record(MIDNIGHT + (KEPT_DAYS + 1) * DAY, {"churn": FIRST})
    assert shop.partition.take_changes()[written] is None


def test_restored_partition_has_the_values_and_no_more_customers():
    shop = Shop()
    shop.order("o1", NOW)
    shop.partition.published.record(NOW, {"churn": FIRST})
    shop.restart()
    assert recorded(shop.partition, NOW) == (NOW, FIRST)
    assert shop.partition.customer_keys() == [b"ada"]


def test_rows_beside_those_of_customers_have_their_own_keys():
    rows = [METADATA_KEY, MERGE_KEY, REDIRECT_KEY, ERASED_KEY, SECRET_KEY, RESTATEMENTS_KEY, PUBLISHED_KEY]
    assert [key for key in rows if any(key.startswith(other) for other in rows if other is not key)] == []
    assert len({*rows}) == len(rows)
