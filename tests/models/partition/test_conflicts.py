"""Events of one id with different contents, in a partition."""

import pytest
from msgspec.structs import replace

from models.definitions.windows import TIMELESS
from models.facts import claims, log_pages
from models.facts.control import IdentityErased, Redirected
from models.facts.fact import Fact
from models.partition import standalone
from models.partition.partition import Partition
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.strategies import TIGHT


def conflicts(shop):
    found = shop.partition.drain_conflicts()
    return dict(found.counts), dict(found.examples)


def contents(shop):
    """Return the facts of ada's events, without a superseded order."""
    return [fact for fact in shop.partition.fact_log(b"ada") if fact.time != TIMELESS]


def test_later_content_replaces_the_known_one(shop):
    shop.order("o1", NOW - DAY, 1000, event_id="e")
    assert shop.order("o2", NOW - HOUR, 500, event_id="e")
    assert shop.value("retention_net_revenue", "USD", "7d") == 5
    assert [fact.entity for fact in contents(shop)] == ["o2"]
    assert conflicts(shop) == ({"orders": 1}, {"orders": "e"})
    assert conflicts(shop) == ({}, {})


def test_earlier_content_is_dropped_and_counted(shop):
    shop.order("o2", NOW - HOUR, 500, event_id="e")
    shop.order("o1", NOW - DAY, 1000, event_id="e")
    assert shop.value("retention_net_revenue", "USD", "7d") == 5
    assert conflicts(shop)[0] == {"orders": 1}


def test_exact_duplicate_is_no_conflict(shop):
    shop.order("o1", NOW - DAY, event_id="e", seen={"price": "a"})
    assert not shop.order("o1", NOW - DAY, event_id="e", seen={"price": "a"})
    assert conflicts(shop) == ({}, {})


def test_content_of_another_type_replaces_the_known_one(shop):
    shop.order("o1", NOW - DAY, event_id="e")
    shop.process(claims.Answered, "", NOW - HOUR, 0, 9, event_id="e")
    assert shop.value("retention_orders", "7d") == 0
    assert shop.value("retention_nps", "7d") == 100
    assert conflicts(shop)[0] == {"reviews": 1}


def test_content_ahead_of_the_clock_counts_from_its_time(shop):
    shop.order("o1", NOW - DAY, 1000, event_id="e")
    shop.order("o1", NOW + HOUR, 700, event_id="e")
    shop.order("o1", NOW + 2 * HOUR, 300, event_id="e")
    for at, amount in ((NOW, 10), (NOW + HOUR, 7), (NOW + 2 * HOUR, 3)):
        assert shop.value("retention_net_revenue", "USD", "7d", now=at) == amount
    assert len(contents(shop)) == 1


def test_contents_ahead_of_the_clock_survive_a_restart(shop):
    shop.order("o1", NOW - DAY, 1000, event_id="e")
    shop.order("o1", NOW + HOUR, 700, event_id="e")
    shop.order("o1", NOW + 2 * HOUR, 300, event_id="e")
    shop.restart()
    assert shop.value("retention_net_revenue", "USD", "7d") == 10
    shop.now = NOW + HOUR
    shop.restart()
    assert shop.value("retention_net_revenue", "USD", "7d") == 7
    assert len(contents(shop)) == 2
    assert shop.value("retention_net_revenue", "USD", "7d", now=NOW + 2 * HOUR) == 3


def test_conflict_in_bootstrap_equals_the_live_one(shop):
    contents = [(NOW - DAY, 1000), (NOW - HOUR, 500), (NOW - HOUR, 1000), (NOW + HOUR, 1), (NOW - DAY, 1000)]
    facts = [Fact("o", claims.Placed(at, "e", amount, "USD", "web")) for at, amount in contents]
    for fact in facts:
        shop.partition.process_one("ada", fact)
    restored = Partition(shop.definitions, {})
    restored.resume(NOW)
    for fact in facts:
        restored.process_one("ada", fact)
    standalone.build_aggregates(restored, NOW)
    assert restored.fact_log(b"ada") == shop.partition.fact_log(b"ada")
    assert restored.evaluate(NOW).sums == shop.partition.evaluate(NOW).sums


def test_known_content_of_a_long_log_is_replaced(shop, monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 400)
    for number in range(40):
        shop.order(f"o{number}", NOW - DAY, event_id=f"e{number}")
    shop.order("o3", NOW - HOUR, 500, event_id="e3")
    assert not shop.order("o3", NOW - HOUR, 500, event_id="e3")
    assert shop.value("retention_orders", "7d") == 40
    assert shop.value("retention_net_revenue", "USD", "7d") == 395


def test_superseded_referral_is_withdrawn(shop):
    shop.order("o1", NOW - DAY, event_id="e", referrer="bob")
    standalone.deliver_all(shop.partition)
    assert shop.value("retention_referred_orders", "7d") == 1
    shop.order("o1", NOW - HOUR, event_id="e")
    standalone.deliver_all(shop.partition)
    assert shop.value("retention_referred_orders", "7d") == 0
    assert list(shop.partition.customer(b"bob").facts.links.referral_times) == []


def test_replay_after_an_erased_referrer_is_no_conflict(shop):
    shop.order("o1", NOW - DAY, event_id="e", referrer="bob")
    shop.partition.process_one("", Fact("", IdentityErased(identity="bob")))
    assert not shop.order("o1", NOW - DAY, event_id="e", referrer="bob")
    assert conflicts(shop) == ({}, {})


def test_equal_ids_of_merged_identities_do_not_conflict(shop):
    shop.order("o1", NOW - DAY, event_id="e", customer="bob")
    shop.order("o2", NOW - HOUR, event_id="e", customer="ada")
    shop.partition.process_one("bob", Fact("", Redirected(to="ada")))
    standalone.deliver_all(shop.partition)
    assert shop.value("retention_orders", "7d") == 2
    shop.order("o1", NOW - DAY, 500, event_id="e", customer="bob")  # a smaller content of a moved event
    standalone.deliver_all(shop.partition)
    assert shop.value("retention_orders", "7d") == 2
    assert conflicts(shop) == ({"orders": 1}, {"orders": "e"})


@pytest.mark.parametrize("late", [False, True])
def test_contents_leave_the_horizon_with_the_largest(late):
    shop = Shop(replace(TIGHT, keep_first_order=False))
    contents = [(NOW - 6 * DAY, 1000), (NOW - DAY, 500)]
    for at, amount in contents[::-1] if late else contents:
        shop.order("o1", at, amount, event_id="e")
    assert shop.value("retention_orders", "3d", now=NOW + DAY) == 1
    assert shop.partition.customer(b"ada").facts.event_count == 1
    shop.samples(NOW + 8 * DAY)
    assert shop.partition.fact_log(b"ada") == []
