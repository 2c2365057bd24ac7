"""The first order of a customer is kept beyond the horizon (docs/metrics.md, "First order")."""

import math

import pytest

from models.contract.messages import PROFILE
from models.customers import cache
from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.control import IdentityErased, KeptOrder, Redirected
from models.facts.details import DETAIL_FIELDS
from models.facts.fact import Fact
from models.facts.first_order import kept_order
from models.outputs.ids import to_datetime
from models.partition import standalone
from models.partition.metadata import METADATA_KEY
from tests.support.partitions import DAY, HOUR, NOW, Shop

LONG_AGO = NOW - 900 * DAY
OFF = Definitions(keep_first_order=False)


def kept(shop, customer="ada"):
    """Return the kept order in a customer's log."""
    found = [fact.claim for fact in shop.partition.fact_log(customer.encode())]
    return next((claim for claim in found if type(claim) is KeptOrder), None)


def outputs(shop):
    return [output for key in shop.partition.due_for_output(10) for output in shop.partition.emit(key)]


def new(shop):
    return shop.value("retention_customers", "new", "7d")


def test_order_beyond_the_horizon_makes_no_new_customer(shop):
    shop.order("old", LONG_AGO)
    shop.order("o", NOW - DAY, channel="app")
    look = shop.samples()
    assert look["retention_customers", "new", "7d"].value == 0
    assert look["retention_customers", "end", "7d"].value == 1
    assert look["retention_returning_customer_ratio", "lifetime", "7d"].value == 1
    assert look["retention_returning_customer_ratio", "window", "7d"].value == 0
    assert look["retention_realised_value", "USD"].value == 10
    assert math.isnan(look["retention_average_order_value", "USD", "first", "7d"].value)
    assert look["retention_average_order_value", "USD", "repeat", "7d"].value == 10


@pytest.mark.parametrize("late", [False, True])
def test_kept_order_counts_in_any_order_of_arrival(shop, late):
    orders = [("o", NOW - DAY, "app"), ("old", LONG_AGO, "web"), ("older", LONG_AGO - DAY, "chat")]
    for name, time, channel in reversed(orders) if late else orders:
        shop.order(name, time, channel=channel, event_id=name)
    assert (kept(shop).event, kept(shop).channel) == ("older", "chat")
    assert new(shop) == 0


def test_order_that_leaves_the_horizon_is_kept(shop):
    shop.order("first", NOW, channel="app", event_id="first")
    shop.order("second", NOW + 700 * DAY, event_id="second")
    shop.value("retention_orders", "7d", now=NOW + 850 * DAY)
    assert kept(shop) == KeptOrder(at=NOW, event="first", channel="app", coupon=False, referrer=False)
    shop.order("third", shop.now - HOUR)
    assert new(shop) == 0


def test_cancelled_order_is_kept_all_the_same(shop):
    shop.order("first", NOW, event_id="first")
    shop.process(claims.Cancelled, "first", NOW + DAY)
    shop.order("second", NOW + 700 * DAY)
    shop.value("retention_orders", "7d", now=NOW + 850 * DAY)
    assert kept(shop).event == "first"


def test_customer_with_one_known_order_is_reactivated(shop):
    shop.order("o", NOW - DAY)
    assert shop.value("retention_lifecycle_customers", "new") == 1
    shop.order("old", LONG_AGO)
    assert shop.value("retention_lifecycle_customers", "new") == 0
    assert shop.value("retention_lifecycle_customers", "reactivated") == 1


def test_first_order_of_a_profile_is_the_kept_one(shop):
    shop.order("old", LONG_AGO)
    shop.order("o", NOW - DAY)
    [profile] = [output.value for output in outputs(shop) if output.type == PROFILE]
    assert profile.first_order == to_datetime(LONG_AGO)
    assert (profile.lifecycle, profile.orders) == ("reactivated", 1)


def test_only_a_kept_order_counts_nowhere(shop):
    shop.order("old", LONG_AGO)
    samples = shop.samples()
    assert {s.value for key, s in samples.items() if key[0] == "retention_lifecycle_customers"} == {0}
    assert outputs(shop) == []
    shop.restart()
    assert kept(shop).at == LONG_AGO
    assert outputs(shop) == []


def test_kept_order_survives_a_restart(shop):
    shop.order("old", LONG_AGO)
    shop.order("o", NOW - DAY)
    before = {key: s.value for key, s in shop.samples().items()}
    shop.restart()
    after = {key: s.value for key, s in shop.samples().items()}
    assert repr(before) == repr(after)


def test_kept_order_counts_after_its_customer_left_the_cache(monkeypatch):
    monkeypatch.setattr(cache, "_GENERATION", 1)
    shop = Shop()
    shop.order("old", LONG_AGO)
    for name in ("bob", "cleo", "dan"):
        shop.order("o", NOW - DAY, customer=name)
    shop.order("o", NOW - DAY)
    assert new(shop) == 3


def test_kept_order_can_be_turned_off():
    shop = Shop(OFF)
    shop.order("old", LONG_AGO)
    shop.order("o", NOW - DAY)
    assert new(shop) == 1
    assert kept(shop) is None


def test_order_kept_before_it_was_turned_off_is_dropped(shop):
    shop.order("old", LONG_AGO)
    shop.order("o", NOW - DAY)
    shop.rows.update(shop.partition.take_changes())
    off = Shop(OFF, {key: row for key, row in shop.rows.items() if key != METADATA_KEY})
    off.partition.resume(NOW)
    for _ in off.partition.build_aggregates():
        pass
    assert new(off) == 1


def test_late_order_that_is_not_the_first_changes_nothing(shop):
    shop.order("older", LONG_AGO - DAY, event_id="older")
    shop.order("old", LONG_AGO, event_id="old")
    assert kept(shop).event == "older"


def test_coupon_and_referrer_of_the_first_order_are_kept():
    claim = claims.Placed(5, "e", 100, "USD", "web", None, None, "bob")
    fact = Fact("o", claim, None, {DETAIL_FIELDS.index("coupon"): "NEW10"})
    assert kept_order([fact], 6, "ada") == KeptOrder(
        at=5, event="e", channel="web", coupon=True, referrer=True
    )
    assert kept_order([fact], 5, "ada") is None


def test_first_line_of_an_amount_of_0_or_more_is_kept():
    discount = Fact("o", claims.LinePlaced(4, "discount", "1", -100, "USD", "web"))
    line = Fact("o", claims.LinePlaced(5, "line", "1", 100, "USD", "web"))
    placed = Fact("o", claims.Placed(9, "placed", 100, "USD", "web"))
    assert kept_order([discount], 8, "ada") is None
    assert kept_order([discount, line], 8, "ada").event == "line"
    assert kept_order([discount, line, placed], 10, "ada").event == "line"


@pytest.mark.parametrize("arrival", ["first", "last", "beyond the horizon"])
def test_superseded_order_is_kept_whenever_it_arrives(shop, arrival):
    """An order event that another content of its id supersedes was the customer's first one."""
    if arrival == "first":
        shop.order("o1", NOW - DAY, event_id="e", channel="app")
    shop.order("o2", NOW, event_id="e")
    if arrival == "last":
        shop.order("o1", NOW - DAY, event_id="e", channel="app")
    shop.value("retention_orders", "7d", now=NOW + 799 * DAY - HOUR)
    assert kept(shop) is None
    shop.value("retention_orders", "7d", now=NOW + 799 * DAY)
    if arrival == "beyond the horizon":
        shop.order("o1", NOW - DAY, event_id="e", channel="app")
    assert kept(shop) == KeptOrder(at=NOW - DAY, event="e", channel="app", coupon=False, referrer=False)
    shop.order("o3", shop.now)
    assert new(shop) == 0


@pytest.mark.parametrize("arrival", ["first", "last"])
def test_superseded_order_counts_for_nothing_before(shop, arrival):
    for time in (NOW - DAY, NOW) if arrival == "first" else (NOW, NOW - DAY):
        shop.order("o", time, event_id="e")
    assert new(shop) == 1
    assert shop.value("retention_orders", "7d") == 1
    shop.restart()
    assert new(shop) == 1
    shop.value("retention_orders", "7d", now=NOW + 799 * DAY)
    shop.order("o3", shop.now)
    assert new(shop) == 0


@pytest.mark.parametrize("moved_first", [False, True])
def test_superseded_order_follows_its_customer(shop, moved_first):
    def redirect():
        shop.partition.process_one("guest", Fact("", Redirected(to="ada")))
        standalone.deliver_all(shop.partition)

    if moved_first:
        redirect()
    for time in (NOW - DAY, NOW):
        shop.order("o", time, event_id="e", customer="guest")
    if not moved_first:
        redirect()
    standalone.deliver_all(shop.partition)
    assert new(shop) == 1
    shop.order("o2", NOW + 799 * DAY)
    shop.restart()
    assert shop.value("retention_customers", "new", "7d", now=NOW + 799 * DAY) == 0


def test_superseded_order_stays_while_older_facts_expire(shop):
    shop.process(claims.StockMissed, "", NOW - 2 * DAY)
    for time in (NOW - DAY, NOW):
        shop.order("o", time, event_id="e")
    shop.value("retention_orders", "7d", now=NOW + 798 * DAY)
    shop.value("retention_orders", "7d", now=NOW + 799 * DAY)
    assert kept(shop).at == NOW - DAY


def test_superseded_orders_leave_with_their_customer(shop):
    for time in (NOW - DAY, NOW):
        shop.order("o", time, event_id="e")
    shop.partition.process_one("", Fact("", IdentityErased(identity="ada")))
    assert shop.partition.fact_log(b"ada") == []


@pytest.mark.parametrize("late", [False, True])
def test_line_is_kept_whether_it_arrives_late_or_expires(shop, late):
    order = [
        (claims.LinePlaced, NOW - DAY, "line", "1", 100, "USD", "app"),
        (claims.Placed, NOW + DAY, "placed", 100, "USD", "web"),
    ]
    for kind, time, event, *payload in reversed(order) if late else order:
        shop.process(kind, "o", time, *payload, event_id=event)
        shop.value("retention_orders", "7d", now=NOW + 800 * DAY)
    assert kept(shop).event == "line"
