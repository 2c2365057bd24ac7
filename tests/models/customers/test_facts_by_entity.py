"""The claims of one customer, sorted by entity."""

from models.customers.facts_by_entity import CustomerFacts, claims_since, replace_claims
from models.definitions.windows import NEVER_HOUR
from models.facts.claims import Acted, Amended, Opened, Placed, Shared
from models.facts.fact import Fact
from tests.support.partitions import HOUR

PLACED = Placed(5 * HOUR, "a", 1000, "USD", "web")


def test_claims_are_sorted_by_kind_and_entity():
    amended, opened, shared = (
        Amended(6 * HOUR, "b", 900),
        Opened(7 * HOUR, "c", 1, False, "web"),
        Shared(8, "d"),
    )
    facts = CustomerFacts([Fact("o", PLACED), Fact("o", amended), Fact("t", opened), Fact("", shared)])
    assert facts.orders == {"o": [PLACED, amended]}
    assert facts.tickets == {"t": [opened]}
    assert facts.customer_claims == [shared]


def test_action_does_not_make_a_person_a_customer():
    facts = CustomerFacts([Fact("", Acted(3 * HOUR, "a", 0, False))])
    assert (facts.event_count, facts.earliest_hour) == (0, 3)
    assert CustomerFacts([Fact("o", PLACED)]).event_count == 1


def test_totals_follow_removed_claims():
    facts = CustomerFacts([Fact("o", PLACED), Fact("p", Placed(2 * HOUR, "b", 1, "USD", "web"))])
    assert (facts.event_count, facts.earliest_hour) == (2, 2)
    replace_claims(facts.orders, "p", claims_since(facts.orders["p"], 3 * HOUR))
    facts.recompute_totals()
    assert (list(facts.orders), facts.event_count, facts.earliest_hour) == (["o"], 1, 5)
    assert CustomerFacts().earliest_hour == NEVER_HOUR
