"""Test that a ticket's numbers depend only on the set of its claims: in any order, restored and expired."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.definitions.schedules import DAYS, Schedule
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from models.facts import claims
from models.facts.claims import AGENT, BOT, CUSTOMER, SOLVED
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.schedules import version

pytestmark = pytest.mark.slow

#: A horizon and time limits that several of the times below cross.
TIGHT = Definitions(
    horizon_days=3,
    windows=("1d",),
    lifecycle_days=1,
    sla={"low": (172800, 172800), "normal": (14400, 43200), "high": (7200, 14400), "urgent": (3600, 7200)},
)
#: The same with every kind of clock: opening hours, pauses, next responses and tiers.
CLOCKS = replace(
    TIGHT,
    schedules={
        "support": Schedule("Europe/Berlin", (version(**dict.fromkeys(DAYS, "06:00-10:30 12:00-20:00")),))
    },
    sla_policies={
        "low": SlaPolicy(),
        "normal": SlaPolicy(schedule="support", pause=("pending", "on_hold"), next_response=7200),
        "high": SlaPolicy(schedule="support", next_response=3600, tiers={"silver": SlaTargets(60, 3600, 60)}),
        "urgent": SlaPolicy(pause=(), next_response=60, tiers={"silver": SlaTargets(60, 60)}),
    },
    tiers={"silver": 10, "gold": 20, "vip": 30},
)
PRIORITY = st.integers(0, 3)
#: Claim class and its fields.
CLAIMS = st.one_of(
    st.tuples(st.just(claims.Opened), PRIORITY, st.booleans(), st.just("chat")),
    st.tuples(st.just(claims.Replied), st.sampled_from([AGENT, BOT, CUSTOMER]), st.just(True)),
    st.tuples(st.just(claims.StatusChanged), st.sampled_from([0, 1, 2, SOLVED])),
    st.tuples(st.just(claims.TicketUpdated), PRIORITY),
    st.tuples(st.just(claims.TicketWithdrawn), st.integers(0, 4)),
    st.tuples(st.just(claims.TicketRestored)),
    st.tuples(st.just(claims.Placed), st.just(1_500), st.just("USD"), st.just("web")),
    st.tuples(st.just(claims.Cancelled)),
)
#: (hours after NOW, claim): few times, so that event ids break ties.
HISTORIES = st.lists(st.tuples(st.sampled_from([-30, -4, -2, -1, 0, 0, 1, 3]), CLAIMS), max_size=10)
OPENED = (claims.Opened, 1, False, "chat")


def process(shop, history):
    for number, (hours, (claim, *fields)) in history:
        shop.process(claim, "t", NOW + hours * HOUR, *fields, event_id=f"e{number}")


def results(shop, now):
    return {series: repr(sample) for series, sample in shop.samples(now).items()}


@pytest.mark.parametrize("definitions", [TIGHT, CLOCKS], ids=["tight", "clocks"])
@settings(max_examples=40)
@given(HISTORIES, st.randoms(use_true_random=False), st.sampled_from([0, 1, 2, 5, 41, 50, 90]))
def test_updates_in_any_order_equal_a_restore(definitions, history, chance, hours):
    numbered = list(enumerate([(-4, OPENED), *history]))
    shuffled = chance.sample(numbered, len(numbered))
    shop, other = Shop(definitions), Shop(definitions)
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


NORMAL, PENDING = 1, 1
RESOLUTION = ("retention_sla_breach_ratio", "normal", "resolution", "24h")


def test_pause_removes_the_due_time_and_resumption_sets_it():
    shop = Shop()
    shop.process(claims.Opened, "t", NOW - 71 * HOUR, NORMAL, False, "chat")
    assert shop.value("retention_tickets_due", "normal", "resolution", "2h") == 1
    shop.process(claims.StatusChanged, "t", NOW, PENDING)
    assert shop.value("retention_tickets_due", "normal", "resolution", "2h") == 0
    assert shop.value("retention_tickets_paused", "normal") == 1
    assert shop.samples(NOW + 10 * HOUR)[RESOLUTION].denominator == 0
    shop.process(claims.StatusChanged, "t", NOW + 10 * HOUR, 0)
    assert shop.value("retention_tickets_paused", "normal") == 0
    assert shop.samples(NOW + 11 * HOUR - 1)[RESOLUTION].denominator == 0
    assert shop.samples(NOW + 11 * HOUR)[RESOLUTION].numerator == 1


def test_late_status_takes_a_breach_back():
    shop = Shop()
    shop.process(claims.Opened, "t", NOW - 72 * HOUR, NORMAL, False, "chat")
    assert shop.samples()[RESOLUTION].numerator == 1
    shop.process(claims.StatusChanged, "t", NOW - 2 * HOUR, PENDING)
    assert shop.samples()[RESOLUTION].denominator == 0
    shop.restart()
    assert shop.samples()[RESOLUTION].denominator == 0


def test_order_that_changes_the_tier_changes_the_targets():
    """A late order and a refund change the tier of a ticket that was opened after the order."""
    shop = Shop(CLOCKS)
    shop.process(claims.Opened, "t", NOW - HOUR, 3, False, "chat")
    name = ("retention_sla_breach_ratio", "urgent", "resolution", "24h")
    assert shop.samples()[name].numerator == 0
    shop.order("o", NOW - 2 * HOUR, amount=1_500)
    assert shop.samples()[name].numerator == 1
    shop.process(claims.Completed, "r", NOW, "o", 1_500)
    assert shop.samples()[name].numerator == 0
    shop.order("later", NOW - HOUR + 1, amount=1_500)
    assert shop.samples()[name].numerator == 0
