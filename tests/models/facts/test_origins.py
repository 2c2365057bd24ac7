"""Origins of events: how ids are stored in the log of a merged customer, and how claims are ordered."""

import pytest

from models.facts import origins
from models.facts.claims import Placed, rank
from models.facts.control import AliasAdded, KeptOrder
from models.facts.fact import Fact

ALIAS = Fact("", AliasAdded(identity="guest"))


def placed(event_id, at=1):
    return Fact("o1", Placed(at, event_id, 1000, "USD", "web"))


def kept(event_id, at=1, channel="web"):
    return KeptOrder(at=at, event=event_id, channel=channel, coupon=False, referrer=False)


def test_equal_event_ids_of_two_identities_stay_apart():
    moved = origins.reassigned(placed("e1"), "guest", "ada")
    assert moved.claim.id != "e1"
    assert origins.original_event_id(moved.claim.id) == "e1"
    assert origins.original_event_id(None) is None


def test_fact_reassigned_to_its_own_identity_is_unchanged():
    moved = origins.reassigned(placed("e1"), "guest", "ada")
    assert origins.reassigned(moved, "ada", "guest") == placed("e1")


def test_fact_reassigned_twice_keeps_its_first_identity():
    once = origins.reassigned(placed("e1"), "a", "b")
    assert origins.reassigned(once, "b", "c") == once


def test_kept_order_has_the_origin_in_its_event():
    moved = origins.reassigned(Fact("", kept("e1")), "guest", "ada")
    assert moved.claim.event == origins.reassigned(placed("e1"), "guest", "ada").claim.id
    assert origins.reassigned(moved, "ada", "guest").claim == kept("e1")


def test_control_fact_has_no_origin():
    assert origins.reassigned(ALIAS, "guest", "ada") == ALIAS
    assert origins.with_origins([ALIAS], "ada") == [ALIAS]


def test_own_origin_is_stripped_and_another_is_kept():
    own = origins.with_origin(placed("e1"), "ada").claim.id
    assert origins.without_own_origin(own, "ada") == "e1"
    assert origins.without_own_origin(own, "guest") == own
    assert origins.without_own_origin("e1", "ada") == "e1"


@pytest.mark.parametrize("canonical", ["ann", "bob"])
def test_claims_are_ranked_by_time_id_and_identity(canonical):
    events = [
        ("ann", "e", 1),
        ("bob", "e", 1),
        ("ann", "e!", 1),
        ("bob", "ea", 1),
        ("ann", "eé", 1),
        ("ann", "a", 2),
    ]
    logged = [origins.reassigned(placed(event, at), name, canonical) for name, event, at in events]
    named = origins.with_origins(logged[::-1], canonical)
    assert sorted((fact.claim for fact in named), key=rank) == [fact.claim for fact in named[::-1]]


@pytest.mark.parametrize("canonical", ["ann", "bob"])
def test_kept_orders_are_ranked_by_identity_last(canonical):
    events = [("bob", "a", 1, "web"), ("ann", "e", 1, "web"), ("bob", "e", 1, "app"), ("bob", "e", 1, "web")]
    facts = [origins.reassigned(Fact("", kept(id_, at, by)), name, canonical) for name, id_, at, by in events]
    ranks = [origins.kept_order_rank(fact.claim, canonical) for fact in facts]
    assert ranks == sorted(ranks)
