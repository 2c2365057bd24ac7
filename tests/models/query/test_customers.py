"""The selection of customers, by hand (docs/api.md, "Customers")."""

import pytest

from models.definitions.definitions import Definitions
from models.query.customers import Customers, sets_of
from models.query.parameters import CustomerQuery
from tests.support.outputs import Scenario, customers_of
from tests.support.partitions import DAY, NOW


@pytest.mark.parametrize(
    ("hours", "sets"),
    [
        ([], []),
        ([91], ["end", "new"]),
        ([90], ["start", "lost"]),
        ([81, 100], ["start", "end", "retained"]),
        ([80, 100], ["end", "reactivated"]),
    ],
)
def test_sets_of_a_window_of_ten_hours_at_hour_100(hours, sets):
    assert sets_of(hours, 100, 10) == sets


def ann():
    scenario = Scenario()
    scenario.order(NOW - 8 * DAY, "a", amount=30_000)
    return customers_of(scenario.events, NOW, Definitions())["ann"]


def test_all_parameters_of_a_query_have_to_match():
    customers = Customers(Definitions())
    both = CustomerQuery(lifecycle="new", tier="silver", set="lost", window="7d")
    assert customers.find(ann(), both, NOW).customer_id == "ann"
    for query in (
        CustomerQuery(lifecycle="new", tier="member"),
        CustomerQuery(lifecycle="churned", tier="silver"),
        CustomerQuery(tier="silver", set="end", window="7d"),
    ):
        assert customers.find(ann(), query, NOW) is None


def test_profile_has_the_net_value_in_major_units():
    profile = Customers(Definitions()).profile(ann(), NOW)
    assert (profile.orders, profile.net_value, profile.currency) == (1, 300.0, "USD")
