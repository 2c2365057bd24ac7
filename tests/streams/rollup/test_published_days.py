"""The first values of a day become a part of the first partition's state."""

import math

from models.definitions.definitions import Definitions
from models.metrics.catalogue import compute
from models.metrics.explained import EXPLAINED, hash_behind
from models.metrics.samples import Sample, ratio
from models.partition.published import PublishedRatio
from streams.rollup.published_days import PublishedDays
from tests.support.partitions import DAY, HOUR, NOW, Shop

SHOP = Definitions()
CHURN = 'retention_churn_ratio{window="30d"}'


def churn(lost):
    return [ratio("retention_churn_ratio", {"window": "30d"}, lost, 4)]


def test_first_values_of_each_day_are_recorded():
    partition = Shop().partition
    days = PublishedDays(partition, SHOP)
    for at, lost in ((NOW, 1), (NOW + HOUR, 2), (NOW + DAY, 3)):
        days.record(churn(lost), at)
    assert partition.published.of_day(NOW).ratios == {CHURN: PublishedRatio(1, 4)}
    assert partition.published.of_day(NOW + DAY).ratios == {CHURN: PublishedRatio(3, 4)}


def test_next_leader_keeps_the_values_of_the_day():
    partition = Shop().partition
    PublishedDays(partition, SHOP).record(churn(1), NOW)
    PublishedDays(partition, SHOP).record(churn(2), NOW + HOUR)
    assert partition.published.of_day(NOW).ratios == {CHURN: PublishedRatio(1, 4)}


def test_only_ratios_that_can_be_explained_are_recorded():
    shop = Shop()
    shop.order("o1", NOW - 40 * DAY)
    samples = compute([shop.partition.evaluate(NOW)], shop.definitions, NOW)
    undefined = Sample("retention_refund_ratio", {"window": "7d", "basis": "value"}, math.nan, 1.0, math.nan)
    PublishedDays(shop.partition, SHOP).record([*samples, undefined], NOW)
    assert shop.partition.published.of_day(NOW).ratios == {
        CHURN: PublishedRatio(1, 1),
        'retention_rate_ratio{method="cohort",window="30d"}': PublishedRatio(0, 1),
        **{
            f'retention_refund_ratio{{basis="{basis}",window="{window}"}}': PublishedRatio(0, whole)
            for window in ("90d", "365d")
            for basis, whole in (("full", 1), ("orders", 1), ("value", 10.0))
        },
    }


def test_values_name_the_definitions_behind_them():
    partition = Shop().partition
    PublishedDays(partition, SHOP).record(churn(1), NOW)
    assert partition.published.of_day(NOW).definitions == {
        metric: hash_behind(metric, SHOP) for metric in EXPLAINED
    }
