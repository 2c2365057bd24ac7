"""Refunds by hand (docs/metrics.md, "Refunds")."""

import pytest

from models.entities import refunds
from models.entities.exposures import REFUND, REFUND_REJECTED
from models.entities.refunds import Refund, Refunded
from models.facts import claims
from models.facts.claims import Completed, Requested
from tests.support.partitions import HOUR, NOW


def test_earliest_claim_of_each_kind_counts():
    found = [Requested(20, "a", "o"), Requested(10, "b", "o"), Completed(40, "c", "o", 5)]
    assert refunds.derive(found, {"o"}.__contains__) == Refund(requested=10, completed=40, rejected=None)


def test_completed_refunds_of_an_order_are_summed():
    found = [[Completed(1, "a", "o", 300)], [Completed(2, "b", "o", 200)], [Requested(3, "c", "o")]]
    assert refunds.refunded_of(found) == {"o": Refunded(number=2, amount=500)}


@pytest.mark.parametrize(
    ("refund", "exposures"),
    [
        (Refund(None, 3 * HOUR, 2 * HOUR), ((REFUND, 3),)),
        (Refund(HOUR, None, 2 * HOUR), ((REFUND_REJECTED, 2),)),
        (Refund(HOUR, None, None), ()),
        (Refund(HOUR, None, 2 * HOUR, reversed=4 * HOUR), ()),
    ],
)
def test_payment_outweighs_rejection_as_an_exposure(refund, exposures):
    assert refunds.exposures(refund) == exposures


def test_refund_is_open_until_it_is_decided(shop):
    shop.order("o", NOW - 2 * HOUR)
    shop.process(claims.Requested, "r", NOW - HOUR, "o")
    assert shop.value("retention_refunds_open") == 1
    shop.process(claims.Rejected, "r", NOW, "o")
    assert shop.value("retention_refunds_open") == 0
