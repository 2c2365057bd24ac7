"""Test the calendar periods in which the flows of customers count."""

from datetime import UTC, datetime

from models.aggregation.period_sums import PeriodSums
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.customers.period_flows import PeriodFlows
from models.entities.feedback import CSAT, NPS
from models.entities.orders import Order
from models.facts.claims import Answered
from models.schedules.periods import calendar

CUSTOMER = Customer(b"ada", CustomerFacts())
MONTHS = calendar("month", "Europe/Berlin")


def moment(month: int, day: int, hour: int = 0) -> int:
    """Return a time of 2026 in UTC, microseconds since the epoch."""
    return int(datetime(2026, month, day, hour, tzinfo=UTC).timestamp()) * 1_000_000


def order(time: int, delivered: int | None = None) -> Order:
    """Return an order with a promise that its delivery keeps."""
    return Order(
        time, "e", time // 3_600_000_000, 500, 0, 0, "EUR", "web", False, True, None, delivered, delivered
    )


def flows() -> tuple[PeriodFlows, PeriodSums]:
    """Return flows by month and their sums."""
    sums = PeriodSums([MONTHS])
    return PeriodFlows(sums), sums


def by_month(sums: PeriodSums) -> dict[str, dict]:
    """Return label of the month -> its sums."""
    return {MONTHS.label(number): names for number, names in sums.evaluate().by_name()["month"].items()}


def test_order_counts_in_its_local_month_and_no_delivery_does():
    by_period, sums = flows()
    by_period.replace_order(CUSTOMER, None, order(moment(9, 30, 23), delivered=moment(11, 2)))
    assert by_month(sums) == {"2026-10": {("orders",): 1, ("placed",): 1, ("net", "EUR"): 500}}


def test_retracted_order_leaves_no_month():
    by_period, sums = flows()
    by_period.replace_order(CUSTOMER, None, order(moment(9, 30)))
    by_period.replace_order(CUSTOMER, order(moment(9, 30)), None)
    assert by_month(sums) == {}


def test_latest_nps_answer_of_each_month_counts():
    by_period, sums = flows()
    answers = [Answered(moment(10, 3), "a", NPS, 2), Answered(moment(10, 9), "b", NPS, 9)]
    answers.append(Answered(moment(11, 1), "c", NPS, 0))
    by_period.replace_answers(CUSTOMER, (), answers[:1])
    by_period.replace_answers(CUSTOMER, answers[:1], answers)
    assert by_month(sums) == {
        "2026-10": {("nps_answers",): 1, ("promoters",): 1},
        "2026-11": {("nps_answers",): 1, ("detractors",): 1},
    }


def test_every_csat_answer_of_a_month_counts():
    by_period, sums = flows()
    by_period.replace_answers(CUSTOMER, (), [Answered(moment(10, 3), "a", CSAT, 2)])
    by_period.replace_answers(CUSTOMER, (), [Answered(moment(10, 4), "b", CSAT, 5)])
    assert by_month(sums) == {"2026-10": {("csat_answers",): 2, ("satisfied",): 1}}
