"""The state of a partition: stored, buffered and expired facts, and a restart."""

import doctest
import math

import msgspec
import pytest

from models.definitions.definitions import Definitions
from models.facts import claims, log_pages
from models.partition import partition, standalone
from models.partition.metadata import METADATA_KEY, STATE_VERSION, ClockJump, PartitionMetadata, StateTooNew
from models.partition.partition import Partition
from tests.support.partitions import DAY, HOUR, NOW, Shop


def sums(shop):
    """Return all sums but zeros: a restored partition has no series for what never occurred."""
    partial = shop.partition.evaluate(shop.now)
    return (
        {name: values for name, values in partial.sums.items() if any(values)},
        {name: value for name, value in partial.levels.items() if value},
        partial.span_sums,
        partial.sketches,
        partial.oldest,
    )


def test_example_of_partition_holds():
    assert doctest.testmod(partition).attempted > 0
    assert doctest.testmod(partition).failed == 0


def test_event_counts_once(shop):
    assert shop.order("o1", NOW - DAY, event_id="e")
    assert not shop.order("o1", NOW - DAY, event_id="e")
    assert shop.value("retention_orders", "7d") == 1


def test_duplicate_is_detected_after_a_restart(shop):
    shop.order("o1", NOW - DAY, event_id="e")
    shop.restart()
    assert not shop.order("o1", NOW - DAY, event_id="e")


def test_event_may_have_the_id_of_its_order(shop):
    shop.order("same", NOW - DAY, event_id="first")
    shop.restart()
    assert shop.process(claims.Delivered, "same", NOW - HOUR, event_id="same")


def test_equal_event_ids_of_two_customers_both_count(shop):
    shop.order("o1", NOW - DAY, event_id="e")
    assert shop.order("o1", NOW - DAY, event_id="e", customer="bob")
    assert shop.value("retention_customers", "end", "7d") == 2


def test_future_fact_counts_from_its_event_time(shop):
    shop.order("o1", NOW + HOUR)
    assert shop.value("retention_orders", "7d") == 0
    assert shop.value("retention_orders", "7d", now=NOW + HOUR - 1) == 0
    assert [len(facts) for facts in shop.partition.facts(b"ada")] == [0, 1]
    assert shop.value("retention_orders", "7d", now=NOW + HOUR) == 1
    assert [len(facts) for facts in shop.partition.facts(b"ada")] == [1, 0]


def test_future_fact_survives_a_restart(shop):
    shop.order("o1", NOW + HOUR, event_id="e")
    shop.restart()
    assert not shop.order("o1", NOW + HOUR, event_id="e")
    assert shop.value("retention_orders", "7d", now=NOW + 2 * HOUR) == 1


def test_fact_of_the_present_instant_counts_once_after_a_restart(shop):
    shop.order("o1", NOW)
    shop.order("o2", NOW + HOUR)
    shop.restart()
    assert shop.value("retention_orders", "7d") == 1
    assert shop.value("retention_orders", "7d", now=NOW + HOUR) == 2


def test_expired_claim_gives_way_to_the_next_one(shop):
    horizon = shop.definitions.horizon_days * DAY
    shop.order("o1", NOW - horizon + HOUR, amount=100)
    shop.order("o1", NOW - DAY, amount=2000)
    assert shop.value("retention_net_revenue", "USD", "30d") == 0
    assert shop.value("retention_net_revenue", "USD", "30d", now=NOW + HOUR) == 20


def test_expired_customer_has_no_row():
    shop = Shop(Definitions(keep_first_order=False))
    shop.order("o1", NOW)
    assert shop.partition.take_changes()[b"ada"] is not None
    shop.samples(NOW + (shop.definitions.horizon_days + 1) * DAY)
    assert shop.partition.take_changes()[b"ada"] is None
    assert b"ada" not in shop.rows


def test_fact_older_than_the_horizon_leaves_no_row(shop):
    shop.samples()
    shop.process(claims.Cancelled, "o1", NOW - 900 * DAY)
    assert b"ada" not in shop.partition.take_changes()


def test_unchanged_rows_are_not_taken(shop):
    shop.order("o1", NOW, customer="ada")
    shop.order("o1", NOW, customer="bob")
    shop.partition.take_changes()
    shop.order("o2", NOW, customer="bob")
    assert [key for key in shop.partition.take_changes() if key != METADATA_KEY] == [b"bob"]
    assert not shop.partition.has_changes


def test_clock_does_not_decrease_over_a_restart(shop):
    shop.samples(NOW + DAY)
    shop.order("o1", NOW)
    shop.partition.take_changes()
    again = Partition(shop.definitions, shop.rows)
    again.resume(NOW)
    standalone.build_aggregates(again, NOW)
    assert again.now == NOW + DAY
    assert again.evaluate(NOW).now == NOW + DAY


def test_action_carried_out_ahead_of_the_clock_waits(shop):
    shop.partition.stream_time = NOW
    shop.process(claims.Contacted, "", NOW + DAY, "a1", event_id="e")
    assert shop.partition.stream_time == NOW
    shop.restart()
    assert [len(facts) for facts in shop.partition.facts(b"ada")] == [0, 1]
    shop.samples(NOW + DAY)
    assert [len(facts) for facts in shop.partition.facts(b"ada")] == [1, 0]


def test_clock_jump_survives_a_restart(shop):
    shop.order("o1", NOW)
    shop.partition.metadata.record_clock_jump(ClockJump("orders", 1, 2, 10, 90))
    shop.partition.metadata.record_clock_jump(ClockJump("orders", 1, 3, 10, 80))
    shop.restart()
    assert shop.partition.metadata.clock_jump == ClockJump("orders", 1, 2, 10, 90)


def test_mappings_of_the_inputs_survive_a_restart(shop):
    """In this order: a mapping that is put back differs from the one in between."""
    shop.order("o1", NOW)
    for digest in ("a", "a", "b", "a"):
        shop.partition.metadata.record_mapping("shop.orders", digest)
        shop.restart()
    assert shop.partition.metadata.mappings == {"shop.orders": ("a", "b")}


def test_hashes_of_many_mappings_are_limited(shop):
    for number in range(100):
        shop.partition.metadata.record_mapping("shop.orders", str(number))
    assert shop.partition.metadata.mappings["shop.orders"] == tuple(map(str, range(92, 100)))


def test_stream_time_survives_a_restart(shop):
    shop.order("o1", NOW + HOUR)
    shop.restart()
    assert shop.partition.stream_time == NOW + HOUR


def test_refund_at_the_time_of_its_order_counts_once(shop):
    shop.order("o1", NOW, amount=1000)
    shop.process(claims.Completed, "r1", NOW, "o1", 300)
    profiles = [output.value for output in shop.partition.emit(b"ada") if output.type == "retention.customer"]
    assert [profile.net_value for profile in profiles] == [7.0]


def test_channel_removed_from_the_configuration_counts_as_other():
    shop = Shop(Definitions(rates={"USD": 1.0, "EUR": 1.25}))
    shop.order("o1", NOW - DAY, amount=700, currency="EUR")
    shop.order("o2", NOW - DAY, amount=500)
    shop.process(claims.Opened, "t", NOW - HOUR, 1, False, "chat")
    shop.process(claims.Replied, "t", NOW, claims.AGENT, True)
    shop.process(claims.PaymentFailed, "", NOW, "wallet")
    shop.definitions = Definitions(channels=("web",), payment_methods=("card",))
    shop.restart()
    assert math.isnan(shop.value("retention_net_revenue", "USD", "7d"))
    assert shop.value("retention_orders", "7d") == 2
    answered = shop.value("retention_channel_first_response_seconds", "other", "0.5", "7d")
    assert answered == pytest.approx(3600, rel=0.01)
    assert shop.value("retention_payment_failures", "other", "7d") == 1
    profiles = [output.value for output in shop.partition.emit(b"ada") if output.type == "retention.customer"]
    assert [profile.net_value for profile in profiles] == [5.0]


def test_state_of_a_newer_version_is_refused():
    newer = msgspec.msgpack.encode(PartitionMetadata(version=STATE_VERSION + 1))
    partition = Partition(Definitions(), {})
    with pytest.raises(StateTooNew, match="newer release"):
        partition.load(METADATA_KEY, newer)
    with pytest.raises(StateTooNew):
        Partition(Definitions(), {METADATA_KEY: newer}).resume(NOW)


def test_customer_with_many_orders_is_stored_in_pages(shop, monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 2_000)
    for number in range(300):
        shop.order(f"o{number}", NOW - number * HOUR)
        if number % 50 == 0:
            shop.partition.take_changes()
    drained = shop.partition.take_changes()
    assert max(len(row) for row in drained.values()) <= 2_000
    before = sums(shop)
    shop.restart()
    assert sums(shop) == before
    assert not shop.order("o7", NOW - 7 * HOUR, event_id="e7")
    assert shop.order("more", NOW, event_id="more")
    assert not shop.order("more", NOW, event_id="more")


def test_pages_of_an_expired_customer_are_deleted(monkeypatch):
    shop = Shop(Definitions(keep_first_order=False))
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 500)
    for number in range(50):
        shop.order(f"o{number}", NOW - number * HOUR)
    written = set(shop.partition.take_changes()) - {METADATA_KEY}
    shop.samples(NOW + 900 * DAY)
    drained = shop.partition.take_changes()
    assert len(written) > 2
    assert {key for key, row in drained.items() if row is None} == written
    assert set(shop.rows) == {METADATA_KEY}


def test_conversation_may_outgrow_a_page(shop, monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 2_000)
    shop.process(claims.Opened, "t1", NOW - DAY, 1, False, "chat")
    for number in range(400):
        shop.process(claims.Replied, "t1", NOW - DAY + number, claims.CUSTOMER, True)
    assert max(len(row) for row in shop.partition.take_changes().values()) <= 2_000
    shop.restart()
    assert shop.value("retention_tickets_unanswered", "human", "normal") == 1


def test_rows_grow_with_claims_only(shop):
    shop.order("o1", NOW)
    before = shop.partition.take_changes()[b"ada"]
    shop.samples(NOW + 400 * DAY)
    shop.process(claims.Shipped, "o1", NOW + DAY)
    assert len(shop.partition.take_changes()[b"ada"]) - len(before) < 40


def test_five_orders_and_a_ticket_take_less_than_a_kilobyte():
    shop = Shop()
    for number in range(5):
        order = f"order-{number:014}"
        shop.order(order, NOW - number * DAY, event_id=f"event-a{number:013}", customer="c" * 20)
        shop.process(claims.Shipped, order, NOW, event_id=f"event-b{number:013}", customer="c" * 20)
        shop.process(claims.Delivered, order, NOW, event_id=f"event-c{number:013}", customer="c" * 20)
    ticket = f"ticket-{0:013}"
    shop.process(
        claims.Opened, ticket, NOW, 1, False, "chat", event_id="event-" + "d" * 14, customer="c" * 20
    )
    shop.process(claims.Replied, ticket, NOW, 0, True, event_id="event-" + "e" * 14, customer="c" * 20)
    shop.process(claims.StatusChanged, ticket, NOW, 3, event_id="event-" + "f" * 14, customer="c" * 20)
    assert len(shop.partition.take_changes()[b"c" * 20]) <= 1024
