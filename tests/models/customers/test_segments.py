"""Customers count in segments by the value that they had then (docs/metrics.md, "Segments")."""

import json
import math

import pytest

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.customers import cache
from models.definitions.definitions import Definitions
from models.definitions.segments import MAX_KEPT_ATTRIBUTES, Segment
from models.facts.control import AliasAdded, IdentityErased, KeptAttributes, Redirected
from models.facts.fact import Fact
from models.facts.from_events import facts_of
from models.partition import standalone
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.strategies import rfc3339

DEFINITIONS = Definitions(
    min_cell=1,
    segment_windows=("30d",),
    segments=(
        Segment(name="country", field="country", values=("DE", "AT")),
        Segment(name="channel", origin="first_channel", values=("web", "app")),
        Segment(name="referred", origin="referred"),
        Segment(name="coupon", origin="coupon", values=("SPRING",)),
        Segment(name="gift", of="order", field="gift", values=("yes",)),
        Segment(name="team", origin="team", values=("billing",)),
    ),
)
LONG_AGO = NOW - 900 * DAY
#: The begin of the window of 30 days: sets take the values of the hour before it.
THEN = NOW - 30 * DAY


@pytest.fixture
def shop():
    return Shop(DEFINITIONS)


def send(shop, kind, at, customer="ada", event_id=None, **fields):
    """Process an event."""
    event_id = event_id or f"e{next(shop._ids)}"
    event = {"id": event_id, "type": kind, "time": rfc3339(at), "customer_id": customer, **fields}
    found = decode(KINDS[kind], json.dumps(event).encode())
    for addressed in facts_of(found, shop.definitions):
        shop.partition.process_one(*addressed)


def update(shop, at, customer="ada", event_id=None, **attributes):
    send(shop, "customer.updated", at, customer, event_id, attributes=attributes)


def order(shop, at, customer="ada", **fields):
    fields = {"order_id": f"o{next(shop._ids)}", "amount": 1000, "currency": "USD"} | fields
    send(shop, "order.placed", at, customer, **fields)


def sets(shop, segment="country", now=None):
    """Return value -> number of customers in `start` and `retained`, of those with any."""
    samples = shop.samples(now)
    values = next(one.labels for one in DEFINITIONS.segments if one.name == segment)
    found = {
        value: tuple(
            samples["retention_segment_customers", segment, name, value, "30d"].value
            for name in ("start", "retained")
        )
        for value in values
    }
    return {value: numbers for value, numbers in found.items() if any(numbers)}


def kept(shop, customer="ada"):
    """Return the attributes that a customer's log keeps from beyond the horizon."""
    claims = [fact.claim for fact in shop.partition.fact_log(customer.encode())]
    return {claim.at: claim.values for claim in claims if type(claim) is KeptAttributes}


def test_set_takes_the_value_of_the_begin_of_the_window(shop):
    update(shop, THEN - 5 * DAY, country="DE")
    order(shop, THEN - 2 * DAY)
    update(shop, THEN + HOUR, country="AT")
    order(shop, NOW - DAY)
    assert sets(shop) == {"DE": (1, 1)}
    assert sets(shop, now=NOW + 2 * HOUR) == {"AT": (1, 1)}


def test_missing_value_is_unknown_and_an_unlisted_one_other(shop):
    order(shop, THEN - DAY)
    order(shop, THEN - DAY, "bob")
    update(shop, THEN - 2 * DAY, "bob", country="FR")
    assert sets(shop) == {"unknown": (1, 0), "other": (1, 0)}


def test_value_before_the_first_one_is_unknown(shop):
    order(shop, THEN - DAY)
    update(shop, THEN + HOUR, country="DE")
    assert sets(shop) == {"unknown": (1, 0)}
    order(shop, NOW - 30 * DAY)
    assert sets(shop, now=NOW + 2 * HOUR) == {"DE": (1, 0)}


def test_removed_attribute_is_unknown(shop):
    order(shop, THEN - DAY)
    update(shop, THEN - 3 * DAY, country="DE")
    update(shop, THEN - 2 * DAY, country=None)
    assert sets(shop) == {"unknown": (1, 0)}


def test_late_update_changes_sets_and_flows(shop):
    order(shop, THEN - DAY)
    order(shop, NOW - DAY)
    assert sets(shop) == {"unknown": (1, 1)}
    update(shop, THEN - 2 * DAY, country="DE")
    assert sets(shop) == {"DE": (1, 1)}
    assert shop.value("retention_segment_orders", "country", "DE", "30d") == 1
    assert shop.value("retention_segment_orders", "country", "unknown", "30d") == 0


@pytest.mark.parametrize("late", [False, True])
def test_latest_value_beyond_the_horizon_is_kept(shop, late):
    updates = [
        (LONG_AGO, {"country": "DE", "plan": "pro"}),
        (LONG_AGO + DAY, {"country": "AT"}),
        (LONG_AGO - DAY, {"plan": None, "size": "L"}),
    ]
    order(shop, THEN - DAY)
    for at, attributes in reversed(updates) if late else updates:
        update(shop, at, **attributes)
    assert kept(shop) == {
        LONG_AGO: {"plan": "pro"},
        LONG_AGO + DAY: {"country": "AT"},
        LONG_AGO - DAY: {"size": "L"},
    }
    assert sets(shop) == {"AT": (1, 0)}
    shop.restart()
    assert standalone.evaluate(shop.partition, NOW).segment_sets["country"]["AT"] == [1, 0]


def test_kept_removal_outlasts_an_older_value(shop):
    order(shop, THEN - DAY)
    update(shop, LONG_AGO, country=None)
    update(shop, LONG_AGO - DAY, country="DE")
    assert kept(shop) == {LONG_AGO: {"country": None}}
    assert sets(shop) == {"unknown": (1, 0)}


def names(first, number):
    return [f"{first}{index:03}" for index in range(number)]


def update_each(shop, named, customer="ada"):
    """Process updates beyond the horizon with as many attributes as an event may have."""
    for at in range(0, len(named), 16):
        update(shop, LONG_AGO + at, customer, **dict.fromkeys(named[at : at + 16], "x"))


def kept_names(shop, customer="ada"):
    claims = [fact.claim for fact in shop.partition.fact_log(customer.encode())]
    return sorted(name for claim in claims if type(claim) is KeptAttributes for name in claim.values)


def test_attributes_kept_follow_from_the_set_of_events():
    """The smallest names, and those that segments use, in whichever order they come and by whichever way."""
    every = [*names("a", 20), *names("b", 20), "country", *names("z", 30)]
    updates = [(LONG_AGO + at, dict.fromkeys(every[at::7], "x")) for at in range(7)]
    found = []
    for arrival in (updates, updates[::-1], updates[3:] + updates[:3]):
        shop = Shop(DEFINITIONS)
        for at, attributes in arrival:
            update(shop, at, **attributes)
        found.append(kept_names(shop))
    later = Shop(DEFINITIONS)
    for at, attributes in updates:
        update(later, NOW - 100 * DAY + at - LONG_AGO, **attributes)
    order(later, NOW + 700 * DAY)
    later.samples(NOW + 705 * DAY)
    found.append(kept_names(later))
    assert found == [[*names("a", 20), *names("b", 12), "country"]] * 4


def test_kept_attribute_serves_another_list_of_segments():
    first = Shop(DEFINITIONS)
    update_each(first, names("a", MAX_KEPT_ATTRIBUTES - 1))
    update(first, LONG_AGO, plan="pro", size="L")
    order(first, THEN - DAY)
    rows = first.partition.take_changes()
    for field, value in (("plan", "pro"), ("size", "unknown")):
        segments = (Segment(name="s", field=field, values=("pro", "L")),)
        shop = Shop(Definitions(min_cell=1, segment_windows=("30d",), segments=segments), dict(rows))
        shop.partition.resume(NOW)
        standalone.build_aggregates(shop.partition, NOW)
        assert shop.value("retention_segment_customers", "s", "start", value, "30d") == 1


def test_merged_customers_keep_no_more_attributes(shop):
    for customer, first in (("guest", "a"), ("ada", "b")):
        update_each(shop, names(first, 30), customer)
    shop.partition.process_one("guest", Fact("", Redirected(to="ada")))
    for message in shop.partition.drain_messages():
        shop.partition.process_one(message.to, message.fact)
    assert kept_names(shop) == [*names("a", 30), *names("b", 2)]


def test_update_that_leaves_the_horizon_is_kept(shop):
    later = NOW + 790 * DAY
    update(shop, NOW - 100 * DAY, country="DE")
    order(shop, later - 40 * DAY)
    assert sets(shop, now=later) == {"DE": (1, 0)}
    assert kept(shop) == {NOW - 100 * DAY: {"country": "DE"}}


def test_superseded_update_is_kept_once_it_leaves_the_horizon(shop):
    update(shop, NOW - 100 * DAY, event_id="x", country="DE")
    update(shop, NOW - 90 * DAY, event_id="x", plan="pro")
    order(shop, THEN - DAY)
    assert sets(shop) == {"unknown": (1, 0)}
    order(shop, NOW + 660 * DAY)
    later = NOW + 705 * DAY
    assert sets(shop, now=later) == {"DE": (1, 0)}
    assert kept(shop) == {NOW - 100 * DAY: {"country": "DE"}}


def test_customer_with_nothing_but_attributes_counts_nowhere(shop):
    update(shop, NOW - DAY, country="DE")
    update(shop, LONG_AGO, "bob", country="DE")
    assert sets(shop) == {}
    assert shop.value("retention_lifecycle_customers", "prospect") == 0
    assert [shop.partition.emit(key) for key in shop.partition.due_for_output(10)] in ([], [[]], [[], []])


def test_attributes_do_not_move_the_clock(shop):
    update(shop, NOW - DAY, country="DE")
    assert shop.partition.stream_time == 0


def test_fact_without_attributes_does_not_grow(shop):
    order(shop, NOW - DAY, order_id="o1", event_id="1")
    plain = shop.rows[b"ada"]
    order(shop, NOW - DAY, "bob", order_id="o1", event_id="1", attributes=None)
    order(shop, NOW - DAY, "eve", order_id="o1", event_id="1", attributes={"gift": None})
    assert shop.rows[b"bob"] == shop.rows[b"eve"] == plain


def test_first_channel_and_referral_follow_the_first_order(shop):
    order(shop, THEN - DAY, channel="app", order_id="o1", referred_by="bob")
    order(shop, THEN - 2 * HOUR, channel="web")
    assert (sets(shop, "channel"), sets(shop, "referred")) == ({"app": (1, 0)}, {"yes": (1, 0)})
    send(shop, "order.cancelled", NOW - HOUR, order_id="o1")
    assert (sets(shop, "channel"), sets(shop, "referred")) == ({"web": (1, 0)}, {"no": (1, 0)})
    order(shop, LONG_AGO, channel="store", referred_by="bob")
    assert (sets(shop, "channel"), sets(shop, "referred")) == ({"other": (1, 0)}, {"yes": (1, 0)})


def test_flow_before_the_first_order_is_unknown(shop):
    for at, kind in ((NOW - 3 * DAY, "opened"), (NOW - 2 * DAY, "replied")):
        send(shop, f"ticket.{kind}", at, ticket_id="t", **({"author": "agent"} if kind == "replied" else {}))
    order(shop, NOW - DAY, channel="web")
    mean = "retention_segment_first_response_mean_seconds"
    assert shop.value(mean, "channel", "unknown", "30d") == DAY // 10**6
    assert math.isnan(shop.value(mean, "channel", "web", "30d"))


def test_order_counts_under_its_own_coupon_and_attribute(shop):
    order(shop, NOW - DAY, coupon="SPRING", attributes={"gift": "yes"})
    order(shop, NOW - DAY, coupon="x", attributes={"gift": "no", "size": "L"})
    order(shop, NOW - DAY)
    update(shop, NOW - 2 * DAY, gift="yes")  # an attribute of the customer is none of the order
    orders = "retention_segment_orders"
    for segment, named in (("coupon", "SPRING"), ("gift", "yes")):
        found = [shop.value(orders, segment, value, "30d") for value in (named, "other", "unknown")]
        assert found == [1, 1, 1]


def test_ticket_counts_under_its_latest_team(shop):
    send(shop, "ticket.opened", NOW - DAY, ticket_id="t", team="billing")
    send(shop, "ticket.replied", NOW - DAY + HOUR, ticket_id="t", author="agent")
    mean = "retention_segment_first_response_mean_seconds"
    assert shop.value(mean, "team", "billing", "30d") == 3600
    send(shop, "ticket.updated", NOW - HOUR, ticket_id="t", team="logistics")
    assert math.isnan(shop.value(mean, "team", "billing", "30d"))
    assert shop.value(mean, "team", "other", "30d") == 3600


def test_number_over_few_things_is_not_published():
    shop = Shop(Definitions(segments=DEFINITIONS.segments[:1], segment_windows=("30d",), min_cell=2))
    order(shop, THEN - DAY)
    rate = shop.samples()["retention_segment_rate_ratio", "country", "unknown", "30d"]
    assert (math.isnan(rate.value), rate.numerator, rate.denominator) == (True, None, 1)
    assert shop.value("retention_segment_customers", "country", "start", "unknown", "30d") == 1
    order(shop, THEN - DAY, "bob")
    assert shop.value("retention_segment_rate_ratio", "country", "unknown", "30d") == 0


def test_merged_identities_have_one_history(shop):
    order(shop, THEN - DAY)
    update(shop, THEN - 3 * DAY, "guest", country="DE", event_id="1")
    update(shop, THEN - 3 * DAY, country="AT", event_id="1")
    update(shop, LONG_AGO, "guest", plan="basic", event_id="2")
    update(shop, LONG_AGO, plan="pro", event_id="2")
    assert sets(shop) == {"AT": (1, 0)}
    shop.partition.process_one("guest", Fact("", Redirected(to="ada")))
    for message in shop.partition.drain_messages():
        shop.partition.process_one(message.to, message.fact)
    assert sets(shop) == {"DE": (1, 0)}  # of equal times and ids, `guest` comes after `ada`
    assert kept(shop) == {LONG_AGO: {"plan": "basic"}}


def test_erased_customer_has_no_attributes(shop):
    update(shop, LONG_AGO, country="DE")
    order(shop, THEN - DAY)
    shop.partition.process_one("ada", Fact("", IdentityErased(identity="ada")))
    update(shop, LONG_AGO, country="DE")
    assert sets(shop) == {}
    assert shop.partition.fact_log(b"ada") == []


@pytest.mark.parametrize("generation", [400, 1])
def test_rebuilt_partition_has_the_same_numbers(shop, generation, monkeypatch):
    monkeypatch.setattr(cache, "_GENERATION", generation)
    for customer in ("ada", "bob", "guest"):
        update(shop, LONG_AGO, customer, country="DE")
        order(shop, THEN - DAY, customer, channel="app", coupon="SPRING")
        update(shop, THEN - HOUR, customer, country="AT")
        order(shop, NOW - DAY, customer)
    shop.partition.process_one("bob", Fact("", AliasAdded(identity="bobby")))
    before = shop.samples()
    shop.restart()
    again = standalone.evaluate(shop.partition, NOW)
    assert again == shop.partition.evaluate(NOW)
    after = shop.samples()
    assert {key: sample.value for key, sample in after.items() if not math.isnan(sample.value)} == {
        key: sample.value for key, sample in before.items() if not math.isnan(sample.value)
    }


def test_shop_without_segments_has_no_series_of_them():
    shop = Shop()
    order(shop, NOW - DAY, coupon="SPRING", attributes={"gift": "yes"})
    update(shop, NOW - DAY, country="DE")
    assert not any(key[0].startswith("retention_segment_") for key in shop.samples())
    partial = shop.partition.evaluate(NOW)
    assert (partial.segment_sets, partial.segment_flows) == ({}, None)
