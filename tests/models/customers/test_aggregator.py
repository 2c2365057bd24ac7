"""The customer as a whole, added to the aggregates by hand."""

from models.aggregation.aggregates import Aggregates
from models.customers.aggregator import CustomerAggregator
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.definitions import Definitions
from models.entities.exposures import STOCKOUT
from models.facts.claims import Placed
from models.facts.fact import Fact
from tests.support.partitions import HOUR, NOW

PRESENT = NOW // HOUR
DEFINITIONS = Definitions(windows=("7d",))


def customer_with_order(hours_ago):
    placed = Placed(NOW - hours_ago * HOUR, "e", 1000, "USD", "web")
    return Customer(b"ada", CustomerFacts([Fact("o", placed)]))


def aggregator():
    aggregates = Aggregates(DEFINITIONS)
    return aggregates, CustomerAggregator(aggregates, DEFINITIONS, PRESENT)


def test_restored_customer_is_counted_once():
    aggregates, customers = aggregator()
    customers.restore(customer_with_order(1), [])
    levels = aggregates.evaluate(NOW).levels
    assert (levels["lifecycle", "new"], levels["tier", "member"]) == (1, 1)


def test_removed_order_makes_the_customer_a_prospect():
    aggregates, customers = aggregator()
    customer = customer_with_order(1)
    customers.restore(customer, [])
    before = customers.status(customer)
    customers.replace_order(customer, customer.order_history[0], None)
    customers.reclassify(customer, before)
    levels = aggregates.evaluate(NOW).levels
    assert (levels["lifecycle", "new"], levels["lifecycle", "prospect"]) == (0, 1)


def test_customer_is_due_when_half_the_lifecycle_has_passed():
    _, customers = aggregator()
    customers.restore(customer_with_order(1), [])
    at_risk = PRESENT - 1 + 12 * DEFINITIONS.lifecycle_days
    assert customers.advance_to(at_risk - 1) == set()
    assert customers.advance_to(at_risk) == {b"ada"}


def test_replaced_exposure_has_its_new_hour():
    _, customers = aggregator()
    customer = customer_with_order(9)
    customers.restore(customer, [(STOCKOUT, PRESENT - 5), (STOCKOUT, PRESENT - 8)])
    customers.record_exposure(customer, [(STOCKOUT, PRESENT - 5)], [(STOCKOUT, PRESENT - 9)])
    assert customer.facts.exposures == {STOCKOUT: [PRESENT - 9, PRESENT - 8]}
