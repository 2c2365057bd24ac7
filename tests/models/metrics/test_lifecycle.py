"""Metrics of lifecycle, tiers, roles and actions, by hand (docs/metrics.md)."""

from models.definitions.action_policy import ACTIONS
from models.facts import claims
from tests.support.partitions import DAY, HOUR, NOW


def test_value_of_a_state_is_the_net_of_its_customers(shop):
    shop.order("a", NOW - DAY, amount=1500, customer="ada")
    shop.order("b", NOW - DAY, amount=500, customer="bob")
    shop.process(claims.Shared, "", NOW, customer="carol")
    samples = shop.samples()
    assert samples["retention_lifecycle_customers", "new"].value == 2
    assert samples["retention_lifecycle_customers", "prospect"].value == 1
    assert samples["retention_lifecycle_value", "USD", "new"].value == 20


def test_tier_begins_at_its_threshold(shop):
    shop.order("a", NOW, amount=19_999, customer="ada")
    shop.order("b", NOW, amount=20_000, customer="bob")
    samples = shop.samples()
    counts = [samples["retention_loyalty_customers", tier].value for tier in ("member", "silver", "gold")]
    assert counts == [1, 1, 0]


def test_action_return_counts_once_30_days_have_passed(shop):
    win_back = ACTIONS.index("win_back")
    for customer in ("ada", "bob"):
        shop.process(claims.Acted, "", NOW - 30 * DAY, win_back, False, customer=customer)
    shop.order("o", NOW - DAY, customer="ada")
    before = shop.samples(NOW - 1 + HOUR)["retention_action_return_ratio", "win_back", "acted", "7d"]
    assert (before.numerator, before.denominator) == (1, 2)
    later = shop.samples(NOW + 7 * DAY)["retention_action_return_ratio", "win_back", "acted", "7d"]
    assert later.denominator == 0
