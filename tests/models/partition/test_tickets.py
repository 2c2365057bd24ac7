"""Test that a ticket's numbers depend on the set of its claims alone: in any order, restored and expired."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.claims import AGENT, BOT, SOLVED
from tests.support.partitions import DAY, HOUR, NOW, Shop

pytestmark = pytest.mark.slow

#: A horizon and time limits that several of the times below cross.
TIGHT = Definitions(
    horizon_days=3,
    windows=("1d",),
    lifecycle_days=1,
    sla={"low": (172800, 172800), "normal": (14400, 43200), "high": (7200, 14400), "urgent": (3600, 7200)},
)
PRIORITY = st.integers(0, 3)
#: Claim class and its fields.
CLAIMS = st.one_of(
    st.tuples(st.just(claims.Opened), PRIORITY, st.booleans(), st.just("chat")),
    st.tuples(st.just(claims.Replied), st.sampled_from([AGENT, BOT]), st.just(True)),
    st.tuples(st.just(claims.StatusChanged), st.sampled_from([0, SOLVED])),
    st.tuples(st.just(claims.TicketUpdated), PRIORITY),
    st.tuples(st.just(claims.TicketWithdrawn), st.integers(0, 4)),
    st.tuples(st.just(claims.TicketRestored)),
)
#: (hours after NOW, claim): few times, so that event ids break ties.
HISTORIES = st.lists(st.tuples(st.sampled_from([-30, -4, -2, -1, 0, 0, 1, 3]), CLAIMS), max_size=10)
OPENED = (claims.Opened, 1, False, "chat")


def process(shop, history):
    for number, (hours, (claim, *fields)) in history:
        shop.process(claim, "t", NOW + hours * HOUR, *fields, event_id=f"e{number}")


def results(shop, now):
    return {series: repr(sample) for series, sample in shop.samples(now).items()}


@settings(max_examples=40)
@given(HISTORIES, st.randoms(use_true_random=False), st.sampled_from([0, 1, 2, 5, 41, 50, 90]))
def test_updates_in_any_order_equal_a_restore(history, chance, hours):
    numbered = list(enumerate([(-4, OPENED), *history]))
    shuffled = chance.sample(numbered, len(numbered))
    shop, other = Shop(TIGHT), Shop(TIGHT)
    process(shop, shuffled[::2])
    shop.samples()
    process(shop, shuffled[1::2])
    for step in range(hours + 1):
        shop.partition.advance(NOW + step * HOUR)
    process(other, numbered)
    at = NOW + hours * HOUR
    found = results(shop, at)
    assert found == results(other, at)
    shop.restart()
    assert found == results(shop, at)


def test_expired_withdrawal_counts_no_longer():
    shop = Shop(TIGHT)
    shop.process(claims.TicketWithdrawn, "t", NOW - 2 * HOUR, 0)
    shop.process(claims.Opened, "t", NOW, 1, False, "chat")
    assert shop.value("retention_tickets", "normal", "open") == 0
    assert shop.value("retention_tickets", "normal", "open", now=NOW + 3 * DAY - HOUR) == 1
    shop.restart()
    assert shop.value("retention_tickets", "normal", "open") == 1


def test_future_update_is_in_force_from_its_time_on():
    shop = Shop()
    shop.process(claims.Opened, "t", NOW - 2 * HOUR, 1, False, "chat")
    shop.process(claims.TicketUpdated, "t", NOW + HOUR, 3)
    name = ("retention_sla_breach_ratio", "urgent", "first_response", "24h")
    assert shop.samples(NOW + HOUR - 1)[name].denominator == 0
    assert shop.samples(NOW + HOUR)[name].numerator == 1


def test_raise_schedules_an_earlier_due_time():
    shop = Shop()
    shop.process(claims.Opened, "t", NOW, 1, False, "chat")
    shop.process(claims.TicketUpdated, "t", NOW + 1, 3)
    name = ("retention_sla_breach_ratio", "urgent", "first_response", "24h")
    assert shop.samples(NOW + HOUR - 1)[name].denominator == 0
    assert shop.samples(NOW + HOUR)[name].numerator == 1


def test_withdrawn_ticket_leaves_a_known_customer():
    shop = Shop()
    shop.process(claims.Opened, "t", NOW - 2 * HOUR, 1, False, "chat")
    shop.process(claims.TicketWithdrawn, "t", NOW, 0)
    assert shop.value("retention_lifecycle_customers", "prospect") == 1


def test_withdrawn_ticket_is_no_exposure():
    shop = Shop()
    shop.order("o", NOW - 45 * DAY)
    shop.process(claims.Opened, "t", NOW - 40 * DAY, 1, False, "chat")
    name = ("retention_churn_by_exposure_ratio", "slow_response", "30d")
    assert shop.samples()[name].denominator == 1
    shop.process(claims.TicketWithdrawn, "t", NOW, 0)
    assert shop.samples()[name].denominator == 0
    shop.process(claims.TicketRestored, "t", NOW)
    assert shop.samples()[name].denominator == 1


def test_shop_without_withdrawals_has_no_series_of_them():
    shop = Shop()
    shop.process(claims.Opened, "t", NOW, 1, False, "chat")
    assert not [name for name in shop.partition.evaluate(NOW).sums if name[0] == "withdrawn"]
