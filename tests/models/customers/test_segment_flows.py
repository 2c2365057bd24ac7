"""Test the values of a segment under which the flows of customers count."""

import pytest

from models.aggregation.segment_sums import SegmentSums
from models.customers.customer import AppliedTicket, Customer
from models.customers.facts_by_entity import CustomerFacts
from models.customers.segment_flows import CustomerEntities, SegmentFlows, label_at
from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.entities.feedback import CSAT, NPS
from models.entities.orders import Order
from models.entities.sla import SlaOutcome
from models.entities.tickets import derive
from models.facts.claims import AGENT, Answered, Opened, Replied

HOUR = 3_600_000_000
CUSTOMER = Customer(b"ada", CustomerFacts())
DEFINITIONS = Definitions(
    segments=(
        Segment(name="code", origin="coupon", values=("SPRING",)),
        Segment(name="country", field="country", values=("DE", "AT")),
        Segment(name="team", origin="team", values=("billing",)),
    )
)
GERMAN, AUSTRIAN = [(0, "DE")], [(0, "DE"), (5 * HOUR, "AT")]


class Values:
    """A customer who is in Austria from hour 5 on, a coupon on every order and a team for every ticket."""

    def of_customer(self, customer):  # noqa: ARG002
        return [AUSTRIAN]

    def of_order(self, customer, order):  # noqa: ARG002
        return ["SPRING"]

    def of_ticket(self, customer, ticket):  # noqa: ARG002
        return ["billing"]


def order(hour: int) -> Order:
    """Return an order at the start of an hour."""
    return Order(hour * HOUR, "e", hour, 500, 0, 0, "EUR", "web", False, True, None, None, None)


def flows() -> tuple[SegmentFlows, SegmentSums]:
    """Return flows by segment and their sums."""
    sums = SegmentSums([24])
    return SegmentFlows(sums, DEFINITIONS, Values()), sums


def found(sums: SegmentSums, measure: str) -> dict[tuple[str, str], int]:
    """Return segment and value -> the sum of a measure, without zeros."""
    sums.flush(10)
    cells = sums.cells()
    number = {
        (segment, value): sum(
            sum_ for (name, _), sum_ in zip(cells.columns, row, strict=True) if name == measure
        )
        for segment, values in cells.values.items()
        for value, [row] in values.items()
    }
    return {key: sum_ for key, sum_ in number.items() if sum_}


def test_order_counts_under_its_own_value_and_its_customers():
    by_segment, sums = flows()
    by_segment.replace_order(CUSTOMER, None, order(4))
    by_segment.replace_order(CUSTOMER, None, order(5))
    expected = {("code", "SPRING"): 2, ("country", "DE"): 1, ("country", "AT"): 1}
    assert found(sums, "orders") == expected
    assert found(sums, "net") == {key: 500 * number for key, number in expected.items()}


def test_ticket_counts_under_its_own_value_and_its_customers():
    by_segment, sums = flows()
    ticket = derive([Opened(0, "a", 1, False, "web"), Replied(6 * HOUR, "b", AGENT, True)])
    by_segment.replace_ticket(CUSTOMER, None, AppliedTicket(ticket, SlaOutcome([])))
    assert found(sums, "responses") == {("team", "billing"): 1, ("country", "AT"): 1}
    assert found(sums, "response_time")["team", "billing"] == 6 * HOUR


def test_answers_count_under_the_customers_value_only():
    by_segment, sums = flows()
    answers = [Answered(1, "a", NPS, 9), Answered(6 * HOUR, "b", NPS, 0), Answered(2, "c", CSAT, 5)]
    by_segment.replace_answers(CUSTOMER, (), answers)
    assert found(sums, "satisfied") == {("country", "DE"): 1}
    assert found(sums, "nps_answers") == found(sums, "detractors") == {("country", "AT"): 1}
    assert found(sums, "promoters") == {}


def test_retracted_entities_leave_no_sums():
    by_segment, sums = flows()
    for old, new in ((None, order(4)), (order(4), order(6)), (order(6), None)):
        by_segment.replace_order(CUSTOMER, old, new)
    assert [found(sums, measure) for measure in ("orders", "net", "placed")] == [{}, {}, {}]


def test_moved_customer_keeps_only_flows_before_the_move():
    by_segment, sums = flows()
    entities = CustomerEntities([order(4), order(6)], [], [])
    for each in entities.orders:
        by_segment.replace_order(CUSTOMER, None, each)
    by_segment.move(entities, [AUSTRIAN], [GERMAN])
    assert found(sums, "orders") == {("code", "SPRING"): 2, ("country", "DE"): 2}


@pytest.mark.parametrize(
    ("time", "value"), [(-1, "unknown"), (0, "DE"), (5 * HOUR - 1, "DE"), (5 * HOUR, "AT")]
)
def test_value_is_the_latest_one_up_to_a_time(time, value):
    assert label_at(AUSTRIAN, time) == value
