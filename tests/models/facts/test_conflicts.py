"""Events of one id with different contents, fact by fact."""

from models.facts import conflicts
from models.facts.claims import Acted, Contacted, LinePlaced, Opened, Placed, Shared, Submitted
from models.facts.conflicts import Conflicts, canonical_bytes, conflicting_ids, new_contents
from models.facts.control import AliasAdded, KeptOrder, SupersededOrder
from models.facts.fact import Fact

NOW = 100


def order(time, amount, event_id="e", order_id="o"):
    return Fact(order_id, Placed(time, event_id, amount, "EUR", "web"))


def without_superseded(facts, now):
    """Return the facts that remain, without a superseded order."""
    found = conflicts.without_superseded(facts, now, "ada")
    return [fact for fact in found if not isinstance(fact.claim, SupersededOrder)]


def superseded_order(facts):
    """Return the time of the superseded order that a log keeps; None without one."""
    found = [fact.claim for fact in conflicts.without_superseded(facts, NOW, "ada")]
    return next((claim.at for claim in found if isinstance(claim, SupersededOrder)), None)


def test_latest_content_counts_in_any_order():
    early, late = order(1, 900), order(2, 100)
    assert without_superseded([early, late], NOW) == [late]
    assert without_superseded([late, early], NOW) == [late]


def test_larger_bytes_count_at_equal_times():
    # As text, not as numbers: 9 is larger than 10.
    assert without_superseded([order(1, 9), order(1, 10)], NOW) == [order(1, 9)]


def test_content_may_have_another_entity_or_type():
    placed, shared = order(1, 100, order_id="o2"), Fact("", Shared(1, "e"))
    assert without_superseded([order(1, 100), placed], NOW) == [placed]
    assert without_superseded([order(1, 100), shared, placed], NOW) == [shared]


def test_content_ahead_of_the_clock_waits_beside_the_visible_one():
    visible, soon, later = order(NOW, 1), order(NOW + 1, 2), order(NOW + 5, 3)
    assert without_superseded([later, visible, soon], NOW) == [later, visible, soon]
    assert without_superseded([later, visible, soon], NOW + 1) == [later, soon]
    assert without_superseded([later, order(NOW + 5, 2)], NOW) == [later]


def test_other_events_and_control_facts_stay():
    alias = Fact("", AliasAdded(identity="bob"))
    facts = [order(1, 1), alias, order(1, 1, event_id="f"), alias]
    assert without_superseded(facts, NOW) == facts


def test_issued_action_does_not_conflict_with_an_event():
    facts = [Fact("", Acted(5, "e", 0, False)), Fact("", Contacted(1, "e", "e"))]
    assert without_superseded(facts, NOW) == facts


def test_first_superseded_order_stays_as_a_control_fact():
    assert superseded_order([order(2, 1), order(3, 1)]) == 2
    assert superseded_order([order(2, 1), order(3, 1), order(1, 1, "f"), order(3, 1, "f")]) == 1
    assert superseded_order([order(2, 1), Fact("", Shared(3, "e"))]) == 2


def test_superseded_order_after_a_known_order_does_not_stay():
    assert superseded_order([order(2, 1), order(3, 1), order(1, 1, "f")]) is None
    kept = KeptOrder(at=0, event="f", channel="web", coupon=False, referrer=False)
    assert superseded_order([order(2, 1), order(3, 1), Fact("", kept)]) is None


def test_superseded_line_of_a_negative_amount_does_not_stay():
    discount = LinePlaced(2, "e", "1", -100, "EUR", "web")
    assert superseded_order([Fact("o", discount), order(3, 1)]) is None


def test_equal_content_is_no_new_one():
    known = [order(1, 1), order(1, 2)]
    assert new_contents(known, [order(1, 2), order(1, 3), order(1, 3)]) == [order(1, 3)]


def test_conflicting_ids_are_those_of_several_facts():
    assert conflicting_ids([order(1, 1), order(2, 1), order(1, 1, event_id="f")]) == {"e"}


def test_canonical_bytes_are_the_fields_of_the_event():
    placed = Placed(1, "e", 900, "EUR", "web", promised=7, referrer="bob")
    assert canonical_bytes(Fact("o", placed, {"price": "b"})) == (
        b'{"amount":900,"channel":"web","currency":"EUR","experiments":{"price":"b"},"order_id":"o",'
        b'"promised_at":7,"referred_by":"bob","type":"order.placed"}'
    )
    order = Fact("o", Placed(1, "e", 900, "EUR", "web"), details={0: [("boots", 1, 900)], 1: "SPRING"})
    assert canonical_bytes(order) == (
        b'{"amount":900,"channel":"web","coupon":"SPRING","currency":"EUR",'
        b'"items":[{"amount":900,"quantity":1,"sku":"boots"}],"order_id":"o","type":"order.placed"}'
    )
    assert canonical_bytes(Fact("t", Opened(1, "e", 3, True, "unknown"))) == (
        b'{"opened_by":"agent","priority":"urgent","ticket_id":"t","type":"ticket.opened"}'
    )
    assert canonical_bytes(Fact("r", Submitted(1, "e", 4, -250_000_000))) == (
        b'{"rating":4,"review_id":"r","sentiment":-0.25,"type":"review.submitted"}'
    )


def test_conflicts_are_counted_by_topic_with_the_first_example():
    found, more = Conflicts(), Conflicts()
    found.add("order.placed", "e1")
    more.add("order.amended", "e2")
    more.add("experience.shared", "e3")
    more.add("action.asked", "e4")
    found.update(more)
    assert found.counts == {"orders": 2, "reviews": 1}
    assert found.examples == {"orders": "e1", "reviews": "e3"}
