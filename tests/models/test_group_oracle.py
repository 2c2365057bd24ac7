"""Test the oracle's segments and periods by examples computed by hand from the definitions."""

import math
from itertools import count

import pytest

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.definitions.segments import Segment
from tests.oracle import oracle
from tests.oracle.values import microseconds
from tests.support.strategies import ANCHOR, DAY, HOUR, rfc3339

NOW = ANCHOR
COUNTRY = Segment(name="country", field="country", values=("DE", "AT"))
_numbers = count()


def event(kind, time, customer="ada", **fields):
    """Return an event; `time` is text, or an age in microseconds."""
    time = time if isinstance(time, str) else rfc3339(NOW - time)
    return {"id": f"e{next(_numbers):05}", "type": kind, "time": time, "customer_id": customer, **fields}


def order(time, customer="ada", amount=10_000, **fields):
    name = {"order_id": f"o{next(_numbers)}", "amount": amount, "currency": "USD"}
    return event("order.placed", time, customer, **name, **fields)


def updated(time, customer="ada", **attributes):
    return event("customer.updated", time, customer, attributes=attributes)


def by_segment(events, metric, value, segment=COUNTRY, min_cell=1, **labels):
    definitions = Definitions(
        segments=(segment,), segment_windows=("7d",), windows=("7d",), min_cell=min_cell
    )
    labels = {"segment": segment.name, "value": value, "window": "7d", **labels}
    return oracle(events, NOW, definitions)[f"retention_segment_{metric}", frozenset(labels.items())].value


def in_period(events, metric, period, now="2026-03-05T10:00:00Z", kind="month", basis="running", **labels):
    zone = labels.pop("zone", "UTC")
    definitions = Definitions(periods=PeriodDefinitions(zone=zone, kinds=(kind,)), windows=("7d",))
    labels = {"kind": kind, "period": period, "basis": basis, **labels}
    series = oracle(events, microseconds(now), definitions)
    return series[f"retention_period_{metric}", frozenset(labels.items())].value


def test_sets_take_the_value_before_the_window():
    events = [
        updated(30 * DAY, country="DE"),
        order(8 * DAY),
        order(DAY),
        updated(7 * DAY - HOUR, country="AT"),
    ]
    assert by_segment(events, "customers", "DE", set="start") == 1
    assert by_segment(events, "customers", "AT", set="start") == 0
    assert by_segment(events, "rate_ratio", "DE") == 1
    assert by_segment(events, "orders", "AT") == 1


def test_hour_of_the_window_still_counts_as_before():
    in_that_hour = [order(8 * DAY), updated(7 * DAY - HOUR + 1, country="DE")]
    assert by_segment(in_that_hour, "churn_ratio", "DE") == 1
    in_the_next = [order(8 * DAY), updated(7 * DAY - HOUR, country="DE")]
    assert by_segment(in_the_next, "churn_ratio", "unknown") == 1


def test_flow_takes_the_value_at_its_instant():
    events = [
        updated(DAY, country="DE"),
        order(DAY),
        order(DAY + 1),
        updated(HOUR, country=None),
        order(HOUR),
    ]
    assert by_segment(events, "orders", "DE") == 1
    assert by_segment(events, "orders", "unknown") == 2


def test_value_beyond_the_horizon_is_kept():
    events = [updated(900 * DAY, country="DE"), updated(2000 * DAY, country="AT"), order(8 * DAY)]
    assert by_segment(events, "churn_ratio", "DE") == 1


def test_merged_customers_have_one_history():
    events = [
        updated(9 * DAY, "ada", country="DE"),
        updated(8 * DAY, "bob", country="AT"),
        order(8 * DAY),
        event("customer.merged", 0, "bob", into="ada"),
    ]
    assert by_segment(events, "customers", "AT", set="lost") == 1


def test_few_customers_have_no_ratio_but_a_number():
    events = [updated(9 * DAY, country="CH"), order(8 * DAY)]
    assert math.isnan(by_segment(events, "churn_ratio", "other", min_cell=2))
    assert by_segment(events, "customers", "other", min_cell=2, set="lost") == 1


def test_segments_of_orders_take_the_value_of_the_order():
    code = Segment(name="code", origin="coupon", values=("SPRING",))
    events = [order(DAY, coupon="SPRING"), order(DAY, coupon="FALL"), order(DAY)]
    assert [by_segment(events, "orders", v, code) for v in ("SPRING", "other", "unknown")] == [1, 1, 1]
    basket = Segment(name="basket", of="order", field="country", values=("DE",))
    events = [updated(9 * DAY, country="DE"), order(DAY), order(DAY, attributes={"country": "DE"})]
    assert [by_segment(events, "orders", value, basket) for value in ("DE", "unknown")] == [1, 1]


def test_first_order_divides_customers():
    channel = Segment(name="channel", origin="first_channel", values=("web",))
    events = [order(9 * DAY, channel="web"), order(8 * DAY, channel="app"), order(8 * DAY, "bob")]
    assert by_segment(events, "churn_ratio", "web", channel) == 1
    assert by_segment(events, "customers", "unknown", channel, set="start") == 1
    referral = Segment(name="referral", origin="referred")
    events = [order(8 * DAY, referred_by="bob"), order(8 * DAY, "cyd", referred_by="cyd")]
    assert by_segment(events, "customers", "yes", referral, set="start") == 1
    assert by_segment(events, "customers", "no", referral, set="start") == 1


def test_period_begins_at_local_midnight_to_the_microsecond():
    events = [order("2026-02-28T22:59:59.999999Z"), order("2026-02-28T23:00:00Z")]
    assert in_period(events, "orders", "2026-03", zone="Europe/Berlin") == 1
    assert in_period(events, "orders", "2026-02", zone="Europe/Berlin", basis="as_now") == 1
    assert in_period(events, "orders", "2026-03") == 0


@pytest.mark.parametrize(
    ("now", "basis"), [("2026-03-31T21:59:59.999999Z", "running"), ("2026-03-31T22:00:00Z", "as_now")]
)
def test_period_is_over_at_its_end(now, basis):
    bought = [order("2026-03-10T00:00:00Z")]
    assert in_period(bought, "orders", "2026-03", now, basis=basis, zone="Europe/Berlin") == 1


def test_sets_compare_a_month_with_the_one_before():
    events = [
        order("2026-01-31T23:59:59Z", "lost"),
        order("2026-01-01T00:00:00Z", "kept"), order("2026-02-28T12:00:00Z", "kept"),
        order("2026-02-01T00:00:00Z", "new"),
        order("2025-12-31T12:00:00Z", "back"), order("2026-02-10T12:00:00Z", "back"),
    ]  # fmt: skip
    sets = {"start": 2, "end": 3, "new": 1, "retained": 1, "lost": 1, "reactivated": 1}
    for name, number in sets.items():
        assert in_period(events, "customers", "2026-02", basis="as_now", set=name) == number, name
    assert in_period(events, "rate_ratio", "2026-02", basis="as_now", method="textbook") == 1
    assert in_period(events, "churn_ratio", "2026-02", basis="as_now") == 0.5


def test_score_of_a_month_is_over_the_latest_answer_in_it():
    def nps(time, score):
        return event("survey.answered", time, survey="nps", score=score)

    events = [nps("2026-02-01T00:00:00Z", 0), nps("2026-02-20T00:00:00Z", 10), nps("2026-03-01T00:00:00Z", 0)]
    assert in_period(events, "nps", "2026-02", basis="as_now") == 100
    assert in_period(events, "nps", "2026-03") == -100


def test_periods_are_named_by_kind():
    bought = [order("2026-03-01T10:00:00Z")]
    names = {"week": "2026-02-23", "quarter": "2026-Q1", "year": "2026"}
    for kind, name in names.items():
        basis = "as_now" if kind == "week" else "running"
        assert in_period(bought, "orders", name, kind=kind, basis=basis) == 1, kind
