"""The lifecycle rules: state, tier and the next change in time."""

import pytest

from models.customers.lifecycle import STATES, LifecycleRules, TrailingYear, first_since
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR
from models.entities.orders import OrderHistory, QualifyingOrder
from tests.support.partitions import HOUR

RULES = LifecycleRules(Definitions(lifecycle_days=90, tiers={"silver": 2, "gold": 5, "vip": 10}))
DAY_HOURS = 24
YEAR_HOURS = 365 * DAY_HOURS


def placed(*days, net=100):
    return OrderHistory(
        QualifyingOrder(day * DAY_HOURS * HOUR, str(day), day * DAY_HOURS, "web", "USD", net) for day in days
    )


@pytest.mark.parametrize(
    ("days", "now", "state"),
    [
        ((), 0, "prospect"),
        ((0,), 1, "new"),
        ((0, 10), 11, "returning"),
        ((0, 90), 91, "reactivated"),
        ((0,), 45, "at_risk"),
        ((0, 10), 99, "at_risk"),
        ((0,), 90, "churned"),
    ],
)
def test_state_follows_from_the_last_two_orders(days, now, state):
    assert STATES[RULES.state(placed(*days), now * DAY_HOURS)] == state


@pytest.mark.parametrize(
    ("days", "in_year", "now", "change"),
    [
        ((), 0, 0, None),
        ((0,), 0, 0, 45),
        ((0,), 0, 45, 90),
        ((0,), 0, 90, 365),
        ((0,), 1, 400, None),
        ((0, 340), 0, 341, 365),
    ],
)
def test_next_change_is_a_step_or_the_end_of_a_year(days, in_year, now, change):
    expected = NEVER_HOUR if change is None else change * DAY_HOURS
    assert RULES.next_change(placed(*days), in_year, now * DAY_HOURS) == expected


@pytest.mark.parametrize("now", [0, 44, 45, 89, 90, 400])
def test_state_holds_until_the_next_change(now):
    orders, hour = placed(0, 1), now * DAY_HOURS + DAY_HOURS
    change = RULES.next_change(orders, len(orders), hour)
    last = min(change, hour + YEAR_HOURS) - 1
    assert RULES.state(orders, hour) == RULES.state(orders, last)


@pytest.mark.parametrize(("net", "tier"), [({}, 0), ({"USD": 199}, 0), ({"USD": 200}, 1), ({"USD": 1000}, 3)])
def test_tier_is_the_highest_threshold_reached(net, tier):
    assert RULES.tier(net) == tier


def test_currency_without_a_rate_has_no_value():
    assert RULES.value({"USD": 250, "EUR": 100}) == 2.5


def test_trailing_year_loses_orders_as_time_passes():
    orders = placed(0, 10, 20)
    year = TrailingYear(orders, 0)
    assert (year.number, year.net) == (3, {"USD": 300})
    year.advance_to(orders, 10 * DAY_HOURS + 1)
    assert (year.number, year.net) == (1, {"USD": 100})


def test_first_since_is_the_number_of_orders_if_all_are_older():
    assert first_since(placed(0, 10), 11 * DAY_HOURS) == 2
