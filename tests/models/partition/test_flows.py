"""Test the flows after time alone, and after a restart."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.facts import claims
from tests.support.partitions import DAY, HOUR, NOW, Shop

URGENT = 3


@pytest.fixture
def shop():
    """Return a shop with yearly periods."""
    return Shop(Definitions(periods=PeriodDefinitions(kinds=("year",))))


def sums(shop, now=None):
    """Return the sums of the only year."""
    shop.now = max(shop.now, now or 0)
    return next(iter(shop.partition.evaluate(shop.now).periods.by_name()["year"].values()), {})


@pytest.mark.parametrize("restarted", [False, True])
def test_target_breaches_as_time_passes(shop, restarted):
    shop.process(claims.Opened, "t", NOW, URGENT, False, "chat")
    if restarted:
        shop.restart()
    assert ("breached", "first_response") not in sums(shop, NOW + HOUR - 1)
    assert sums(shop, NOW + HOUR)["breached", "first_response"] == 1
    assert sums(shop, NOW + HOUR)["decided", "first_response"] == 1


def test_late_reply_takes_the_breach_back(shop):
    shop.process(claims.Opened, "t", NOW, URGENT, False, "chat")
    assert sums(shop, NOW + 2 * HOUR)["breached", "first_response"] == 1
    shop.process(claims.Replied, "t", NOW + 1, claims.AGENT, True)
    assert ("breached", "first_response") not in sums(shop)


def test_refund_of_an_order_reduces_its_net(shop):
    shop.order("o", NOW - DAY, amount=1000)
    shop.process(claims.Completed, "r", NOW, "o", 400)
    assert sums(shop)["net", "USD"] == 600
    assert sums(shop)["refunded",] == 1
    shop.process(claims.Completed, "r2", NOW, "o", 600)
    assert ("orders",) not in sums(shop)
