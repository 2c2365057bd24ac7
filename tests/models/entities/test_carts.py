"""Carts by hand (docs/metrics.md, "Carts")."""

from models.entities import carts
from models.entities.carts import Cart
from models.facts import claims
from models.facts.claims import CheckoutStarted
from tests.support.partitions import DAY, HOUR, NOW


def test_cart_has_first_and_last_start_and_earliest_order():
    started = [CheckoutStarted(30, "b"), CheckoutStarted(10, "a"), CheckoutStarted(20, "c")]
    assert carts.derive(started, [90, 70]) == Cart(started=10, active=30, ordered=70)


def test_cart_is_abandoned_an_hour_after_its_last_activity():
    cart = Cart(started=NOW - DAY, active=NOW, ordered=None)
    assert carts.abandoned_at(cart, NOW + HOUR - 1) == NOW + HOUR
    assert carts.abandoned_at(cart, NOW + HOUR) is None
    assert carts.abandoned_at(Cart(NOW, NOW, NOW + 1), NOW) is None


def test_one_of_two_abandoned_carts_is_recovered(shop):
    for cart in ("ordered", "recovered", "abandoned"):
        shop.process(claims.CheckoutStarted, cart, NOW - 3 * HOUR)
    shop.order("o1", NOW - 2 * HOUR - 1, cart="ordered")
    shop.order("o2", NOW - 2 * HOUR, cart="recovered")
    samples = shop.samples()
    abandonment = samples["retention_cart_abandonment_ratio", "7d"]
    recovery = samples["retention_cart_recovery_ratio", "7d"]
    assert (abandonment.numerator, abandonment.denominator) == (1, 3)
    assert (recovery.numerator, recovery.denominator) == (1, 2)
