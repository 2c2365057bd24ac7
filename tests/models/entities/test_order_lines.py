"""Orders that are known by their lines (docs/metrics.md, "Order lines")."""

from itertools import permutations

from models.entities import orders
from models.entities.refunds import NOT_REFUNDED
from models.facts.claims import (
    Amended,
    Cancelled,
    CheckoutStarted,
    Completed,
    LinePlaced,
    OrderRestored,
    Placed,
)
from tests.support.partitions import DAY, HOUR, NOW


def line(time, event, line_id, amount, currency="USD", channel="web", **fields):
    return LinePlaced(time, event, line_id, amount, currency, channel, **fields)


def derived(*claims):
    """Return the order, after a check that the order of the claims does not matter."""
    found = [orders.derive(list(order), NOT_REFUNDED) for order in permutations(claims)]
    assert all(order == found[0] for order in found)
    return found[0]


def test_order_begins_with_its_smallest_line_and_sums_all():
    order = derived(
        line(2, "b", "2", 300, promised=9),
        line(1, "c", "3", -50),
        line(2, "a", "1", 1000, channel="app", promised=7, referrer="ann"),
    )
    assert (order.time, order.id, order.amount, order.channel) == (2, "a", 1250, "app")
    assert (order.promised, order.referrer) == (7, "ann")


def test_latest_amount_of_each_line_counts():
    assert derived(line(1, "a", "1", 100), line(3, "b", "1", 70), line(2, "c", "1", 500)).amount == 70


def test_lines_in_another_currency_do_not_count():
    assert derived(line(1, "a", "1", 100), line(2, "b", "2", 900, "EUR")).amount == 100


def test_sum_of_lines_is_at_least_zero():
    assert derived(line(1, "a", "1", 100), line(2, "b", "2", -300)).amount == 0


def test_only_negative_lines_make_no_order():
    assert derived(line(1, "a", "1", -100), line(2, "b", "2", -1)) is None


def test_placed_order_counts_instead_of_its_lines():
    order = derived(line(1, "a", "1", 100), Placed(5, "p", 70, "EUR", "app"))
    assert (order.time, order.amount, order.currency) == (5, 70, "EUR")


def test_amendment_replaces_the_sum_of_lines():
    assert derived(line(1, "a", "1", 100), Amended(2, "b", 60), line(3, "c", "2", 30)).amount == 60


def test_lines_count_as_one_order_in_a_shop(shop):
    shop.process(LinePlaced, "o", NOW - DAY, "1", 1000, "USD", "web")
    shop.process(LinePlaced, "o", NOW - DAY, "2", -300, "USD", "web")
    shop.process(LinePlaced, "o", NOW - DAY, "3", 900, "USD", "web")
    assert shop.value("retention_orders", "7d") == 1
    assert shop.value("retention_net_revenue", "USD", "7d") == 16
    shop.process(Cancelled, "o", NOW - 2 * HOUR)
    assert shop.value("retention_orders", "7d") == 0
    shop.process(OrderRestored, "o", NOW - HOUR)
    assert shop.value("retention_net_revenue", "USD", "7d") == 16


def test_refund_counts_for_an_order_of_lines(shop):
    shop.process(Completed, "r", NOW - HOUR, "o", 400)
    shop.process(LinePlaced, "o", NOW - DAY, "1", 1000, "USD", "web")
    assert shop.value("retention_net_revenue", "USD", "7d") == 6
    assert shop.value("retention_refund_ratio", "orders", "7d") == 1


def test_cart_of_a_line_counts_until_the_order_is_placed(shop):
    shop.process(CheckoutStarted, "k", NOW - 3 * HOUR)
    shop.process(LinePlaced, "o", NOW - 3 * HOUR, "1", 1000, "USD", "web", None, "k")
    assert shop.value("retention_cart_abandonment_ratio", "7d") == 0
    shop.order("o", NOW - 2 * HOUR, amount=1000)
    assert shop.value("retention_cart_abandonment_ratio", "7d") == 1


def test_line_in_another_currency_counts_as_conflicting(shop):
    shop.process(LinePlaced, "o", NOW - DAY, "1", 1000, "USD", "web")
    shop.process(LinePlaced, "o", NOW - HOUR, "2", 900, "EUR", "web", event_id="odd")
    conflicts = shop.partition.drain_conflicts()
    assert (conflicts.counts["orders"], conflicts.examples["orders"]) == (1, "odd")
