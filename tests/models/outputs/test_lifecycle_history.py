"""Lifecycle and tier transitions, and the sender role, by hand."""

import pytest

from models.contract.messages import Transition
from tests.support.outputs import NOW, EmitHarness, Scenario
from tests.support.strategies import DAY, HOUR


@pytest.fixture
def scenario():
    return Scenario()


def test_recommending_customer_is_a_sender_for_a_year(scenario):
    scenario.record("experience.shared", NOW, platform="blog")
    assert [profile.sender for profile in scenario.profiles(NOW)] == [True]
    assert scenario.harness.next_checks["ann"] == NOW + 365 * DAY
    assert scenario.profiles(NOW + 365 * DAY - HOUR) == []
    assert [profile.sender for profile in scenario.profiles(NOW + 365 * DAY)] == [False]


def test_first_event_of_one_instant_is_the_smallest_id(scenario):
    fields = {"sku": "s", "platform": "blog", "ticket_id": "t", "cart_id": "k"}
    for kind in ("stock.missed", "ticket.opened", "checkout.started", "experience.shared"):
        scenario.record(kind, NOW, **fields)
    for first in range(3):
        for arrived in (scenario.events[first:], scenario.events[first:][::-1]):
            outputs = [output.value for output in EmitHarness().emit(arrived, NOW)]
            events = {value.cause.id for value in outputs if isinstance(value, Transition)}
            assert events == {f"e{first}"}
