"""What is said of who somebody is and how they came to be it, by hand."""

import pytest

from tests.models.outputs.test_action_selection import NOW, Street
from tests.support.strategies import DAY, HOUR


@pytest.fixture
def street():
    return Street()


def profiles(street, now):
    said = street.town.look(street.events, now)
    return [output.value for output in said if output.type == "retention.customer"]


def test_who_recommended_the_shop_is_a_sender_for_a_year(street):
    street.say("experience.shared", NOW, platform="blog")
    assert [profile.sender for profile in profiles(street, NOW)] == [True]
    assert street.town.until["ann"] == NOW + 365 * DAY
    assert profiles(street, NOW + 365 * DAY - HOUR) == []
    assert [profile.sender for profile in profiles(street, NOW + 365 * DAY)] == [False]


def test_of_events_at_one_moment_the_smallest_id_made_the_customer(street):
    things = {"sku": "s", "platform": "blog", "ticket_id": "t", "cart_id": "k"}
    for kind in ("stock.missed", "ticket.opened", "checkout.started", "experience.shared"):
        street.say(kind, NOW, **things)
    for first in range(3):
        for arrived in (street.events[first:], street.events[first:][::-1]):
            said = [output.value for output in Street().town.look(arrived, NOW)]
            causes = {value.cause.id for value in said if hasattr(value, "what")}
            assert causes == {f"e{first}"}
