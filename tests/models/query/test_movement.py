"""Explanations by hand, and against the metrics (docs/metrics.md, "Why a number moved")."""

import json

import pytest

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.entities.sla import kinds_of
from models.facts import claims
from models.facts.from_events import facts_of
from models.metrics.bounds import newcombe
from models.metrics.catalogue import compute
from models.partition.partition import Partition
from models.query.customers import Customers
from models.query.movement import Published, instants_of, movement_of
from models.query.movement_parameters import ExplainQuery
from models.query.parameters import CustomerQuery
from models.query.strata import SPANS, StrataCounter, StrataCounts, with_defaults
from tests.support.histories import random_history
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.strategies import rfc3339

CHURN = "retention_churn_ratio"


def explain(partition, definitions, now, published=None, **parameters):
    """Return the explanation over one partition, counted customer by customer and added up."""
    query = with_defaults(ExplainQuery(**parameters))
    instants = instants_of(query, now, None if published is None else published.at)
    counts = StrataCounts()
    for key in partition.customer_keys():
        counter = StrataCounter(definitions, query, instants)
        counter.add(key, partition.fact_log(key))
        counts.add(counter.counts)
    return movement_of(query, counts, now, published, definitions)


class WindowShop(Shop):
    """A shop of customers whose orders are given by the days before now."""

    def customer(self, name, *days):
        for day in days:
            self.order(f"{name}-{day}", NOW - day * DAY, customer=name)

    def explain(self, published=None, **parameters):
        return explain(self.partition, self.definitions, NOW, published, **parameters)


@pytest.fixture
def shop():
    """Return a shop with customers of tenure 1 and 2. More of them leave now than four weeks ago.

    Windows of 7 days: `start` now are days 7 to 14 ago, and four weeks ago days 35 to 42 ago.
    """
    shop = WindowShop()
    for number in range(4):  # four weeks ago, of 4 new ones one left, and of 2 others none
        shop.customer(f"then-{number}", 40, *([30] if number else []))
    for number in range(2):
        shop.customer(f"loyal-{number}", 60, 40, 30)
    for number in range(6):  # now, of 6 new ones three left, and of 2 others one
        shop.customer(f"now-{number}", 10, *([3] if number > 2 else []))
    shop.customer("left", 100, 10)
    shop.customer("stayed", 100, 10, 3)
    return shop


def test_churn_by_tenure_of_a_hand_example(shop):
    found = shop.explain(metric=CHURN, window="7d", against="4w")
    assert (found.before.numerator, found.before.denominator) == (1, 6)
    assert (found.after.numerator, found.after.denominator) == (4, 8)
    assert found.change == pytest.approx(1 / 2 - 1 / 6)
    one, few = found.terms
    assert [one.stratum, few.stratum] == ["1", "2-3"]
    assert (one.before, one.before_weight) == (1 / 4, 4 / 6)
    assert (one.after, one.after_weight) == (3 / 6, 6 / 8)
    assert one.rate_effect == pytest.approx((4 / 6 + 6 / 8) / 2 * (1 / 4))
    assert one.mix_effect == pytest.approx((6 / 8 - 4 / 6) / 2 * (3 / 4 - 2 / 3))
    assert few.rate_effect == pytest.approx((2 / 6 + 2 / 8) / 2 * (1 / 2))
    assert few.mix_effect == pytest.approx((2 / 8 - 2 / 6) / 2 * (1 / 2 - 2 / 3))


def test_change_within_chance_ranks_nothing(shop):
    found = shop.explain(metric=CHURN, window="7d", against="4w")
    assert (found.low, found.high) == newcombe((1, 6), (4, 8))
    assert found.distinguishable is False
    assert found.largest is None


def test_change_beyond_chance_is_ranked():
    shop = WindowShop()
    for number in range(60):
        shop.customer(f"then-{number}", 40, 30)
        shop.customer(f"now-{number}", 100, 10)
    shop.customer("new", 10, 3)
    found = shop.explain(metric=CHURN, window="7d", against="4w")
    assert found.distinguishable is True
    assert (found.largest.stratum, found.largest.effect) == ("2-3", "mix")
    assert [term.stratum for term in found.terms] == ["2-3", "1"]


def test_rate_is_explained_as_the_opposite_of_churn(shop):
    churn = shop.explain(metric=CHURN, window="7d", against="4w")
    rate = shop.explain(metric="retention_rate_ratio", window="7d", against="4w")
    assert rate.change == pytest.approx(-churn.change)
    assert rate.terms[0].list == "/customers?set=retained&window=7d&tenure=1"


def test_instants_without_customers_explain_nothing(shop):
    found = shop.explain(metric=CHURN, window="7d", against="1w")
    assert found.before.value is None
    assert found.change is None
    assert found.distinguishable is None
    assert [term.rate_effect for term in found.terms] == [None] * len(found.terms)


def test_overlapping_windows_are_named(shop):
    assert not shop.explain(metric=CHURN, window="7d", against="4w").overlap
    assert not shop.explain(metric="retention_refund_ratio", window="7d", against="1w").overlap
    assert shop.explain(metric=CHURN, window="7d", against="1w").overlap, "its facts are of two windows"
    found = shop.explain(metric=CHURN, window="30d", against="1w")
    assert found.overlap
    assert "not independent" in found.caution


def test_late_data_is_restated_and_no_change_of_behaviour(shop):
    published = Published(NOW - 28 * DAY - 2 * HOUR, 2, 6)  # one of the orders of 30 days ago came late
    found = shop.explain(published, metric=CHURN, window="7d", against="4w")
    assert found.restated.published == 2 / 6
    assert found.restated.known_now == 1 / 6
    assert found.restated.difference == pytest.approx(-1 / 6)
    assert found.change == pytest.approx(1 / 2 - 1 / 6)


def test_published_value_is_compared_at_its_own_instant(shop):
    shop.order("edge", NOW - 42 * DAY - 5 * HOUR, customer="edge")  # left the window by the earlier instant
    found = shop.explain(Published(NOW - 28 * DAY - 9 * HOUR, 2, 7), metric=CHURN, window="7d", against="4w")
    assert (found.before.numerator, found.before.denominator) == (1, 6)
    assert (found.restated.known_now, found.restated.difference) == (2 / 7, 0)


def test_facts_after_an_instant_do_not_count_at_it(shop):
    shop.process(claims.Cancelled, "then-0-40", NOW - 20 * DAY, customer="then-0")
    found = shop.explain(metric=CHURN, window="7d", against="4w")
    assert (found.before.numerator, found.before.denominator) == (1, 6)


def test_exposure_explains_at_most_what_exceeds_the_unexposed(shop):
    for name in ("left", "now-0"):
        shop.process(claims.StockMissed, "", NOW - 9 * DAY, customer=name)
    found = shop.explain(metric=CHURN, window="7d", against="4w")
    stockout = next(one for one in found.exposures if one.exposure == "stockout")
    assert (stockout.before_number, stockout.before_most) == (0, 0.0)
    assert (stockout.after, stockout.after_number) == (1.0, 2)
    assert stockout.after_most == pytest.approx(2 * (1 - 2 / 6) / 8)


def test_lists_have_the_customers_of_the_numerators(shop):
    customers = Customers(shop.definitions)
    for term, expected in zip(
        shop.explain(metric=CHURN, window="7d", against="4w").terms, (3, 1), strict=True
    ):
        assert term.list == f"/customers?set=lost&window=7d&tenure={term.stratum}"
        query = CustomerQuery(set="lost", window="7d", tenure=term.stratum)
        found = [
            customers.find(shop.partition.customer(key), query, NOW) for key in shop.partition.customer_keys()
        ]
        assert sum(profile is not None for profile in found) == expected


def test_refunds_by_value_are_explained_by_channel():
    shop = WindowShop(Definitions(rates={"USD": 1.0, "EUR": 2.0}))
    shop.order("then", NOW - 30 * DAY, amount=1000)
    shop.order("now", NOW - 2 * DAY, amount=1000, channel="app")
    shop.order("euros", NOW - 2 * DAY, amount=1500, currency="EUR")
    shop.process(claims.Completed, "r1", NOW - DAY, "euros", 500)
    found = shop.explain(metric="retention_refund_ratio", window="7d", against="4w", basis="value")
    assert (found.before.value, found.after.value) == (0, 10 / 40)
    assert found.distinguishable is None, "money has no confidence bounds"
    assert {term.stratum: term.after for term in found.terms} == {"app": 0, "web": 10 / 30}


SEGMENTS = (
    Segment(name="country", field="country", values=("DE", "AT")),
    Segment(name="coupon", origin="coupon", values=("SPRING",)),
)


def segmented():
    """Return the events of a shop whose customers move from AT to DE, and use coupons."""
    for number in range(12):
        head = {"customer_id": f"c{number}"}
        yield head | {
            "id": f"u{number}",
            "type": "customer.updated",
            "time": rfc3339(NOW - 50 * DAY),
            "attributes": {"country": "AT" if number % 3 else "FR"},
        }
        if number % 2:
            yield head | {
                "id": f"v{number}",
                "type": "customer.updated",
                "time": rfc3339(NOW - 20 * DAY),
                "attributes": {"country": "DE"},
            }
        for days in (44, 37 if number < 6 else 33, 10, 3 if number < 9 else 9):
            placed = {"id": f"o{number}-{days}", "type": "order.placed", "time": rfc3339(NOW - days * DAY)}
            coupon = {"coupon": "SPRING"} if number % 2 and days < 20 else {}
            order = {"order_id": f"o{days}", "amount": 1000, "currency": "USD"}
            yield head | placed | order | coupon
            if number == days:
                refund = {"refund_id": "r1", "order_id": f"o{days}", "amount": 1000}
                yield head | {"id": "r", "type": "refund.completed", "time": rfc3339(NOW)} | refund


def test_values_of_a_segment_equal_the_metrics_by_segment():
    definitions = Definitions(segments=SEGMENTS, segment_windows=("7d",), min_cell=1)
    sides = [Evaluated.of(list(segmented()), definitions, at) for at in (NOW - 28 * DAY, NOW)]
    for metric, segment, name in (
        (CHURN, "country", "churn_ratio"),
        ("retention_rate_ratio", "country", "rate_ratio"),
        ("retention_refund_ratio", "country", "refund_ratio"),
        ("retention_refund_ratio", "coupon", "refund_ratio"),
    ):
        parameters = {"metric": metric, "window": "7d", "against": "4w", "segment": segment}
        found = explain(sides[1].partition, definitions, NOW, **parameters)
        assert len(found.terms) > 1
        for term in found.terms:
            labels = frozenset({"segment": segment, "value": term.stratum, "window": "7d"}.items())
            samples = [side.samples[f"retention_segment_{name}", labels] for side in sides]
            assert [sample.denominator for sample in samples] == [term.before_number, term.after_number]
            assert [sample.value for sample in samples if sample.denominator] == pytest.approx(
                [value for value in (term.before, term.after) if value is not None]
            )


def test_targets_are_divided_by_the_team_of_their_ticket():
    definitions = Definitions(teams=("billing",))
    ticket = {"type": "ticket.opened", "time": rfc3339(NOW - 3 * HOUR), "priority": "urgent"}
    events = [
        ticket | {"id": name, "ticket_id": name, "customer_id": "c"} | ({"team": team} if team else {})
        for name, team in (("t1", "billing"), ("t2", "logistics"), ("t3", "sales"), ("t4", None))
    ]
    shop = Evaluated.of(events, definitions, NOW)
    parameters = {"metric": "retention_sla_breach_ratio", "window": "24h", "sla": "first_response"}
    found = explain(shop.partition, definitions, NOW, by="team", **parameters)
    numbers = {term.stratum: term.after_number for term in found.terms}
    assert numbers == {"billing": 1, "other": 2, "unknown": 1}


# Against the metrics.


class Evaluated:
    """All events of a random history, in partitions that are evaluated now and at an earlier instant."""

    @classmethod
    def of(cls, events, definitions, now):
        """Return events that are evaluated at an instant."""
        shop = cls.__new__(cls)
        shop.events, shop.definitions, shop.now = events, definitions, now
        shop.partition, shop.samples = shop.at(now)
        return shop

    def __init__(self, seed):
        history = random_history(seed, size=1500, customers=60)
        self.definitions = history.definitions
        self.now = history.steps[-4].now  # some events are later
        # What has left the horizon since the earlier instant is not known now.
        known = rfc3339(self.now - (self.definitions.horizon_days - 29) * DAY)
        self.events = [event for step in history.steps for event in step.events if event["time"] > known]
        self.partition, self.samples = self.at(self.now)

    def at(self, now):
        partition = Partition(self.definitions, {})
        partition.advance(now)
        for event in self.events:
            decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
            for customer, fact in facts_of(decoded, self.definitions):
                partition.process_one(customer, fact)
        samples = compute([partition.evaluate(now)], self.definitions, now)
        return partition, {(s.metric, frozenset(s.labels.items())): s for s in samples}

    def queries(self):
        """Yield the parameters of explanations, and the labels of the series that they explain."""
        for window in ("30d", "365d"):
            yield {"metric": CHURN, "window": window}, {"window": window}
            labels = {"window": window, "method": "cohort"}
            yield {"metric": "retention_rate_ratio", "window": window}, labels
            for basis in ("orders", "full", "value"):
                labels = {"window": window, "basis": basis}
                yield {"metric": "retention_refund_ratio"} | labels, labels
        for window in ("1h", "24h", "30d"):
            for kind in kinds_of(self.definitions):
                labels = {"window": window, "sla": kind}
                parameters = {"metric": "retention_sla_breach_ratio"} | labels
                yield parameters, labels | {"priority": "all"}
                yield parameters | {"by": "channel"}, labels | {"priority": "all"}


@pytest.mark.parametrize(("seed", "against"), [*enumerate(SPANS)])
def test_both_sides_equal_the_metrics_at_their_instants(seed, against):
    shop = Evaluated(seed)
    _, before = shop.at(shop.now - SPANS[against])
    compared = 0
    for parameters, labels in shop.queries():
        found = explain(shop.partition, shop.definitions, shop.now, against=against, **parameters)
        key = parameters["metric"], frozenset(labels.items())
        for side, samples in ((found.before, before), (found.after, shop.samples)):
            sample = samples[key]
            assert side.numerator == pytest.approx(sample.numerator, abs=1e-9), (parameters, side)
            assert side.denominator == pytest.approx(sample.denominator, abs=1e-9), (parameters, side)
            compared += bool(sample.numerator)
        if found.change is not None:
            total = sum(term.rate_effect + term.mix_effect for term in found.terms)
            assert total == pytest.approx(found.change, abs=1e-12)
    assert compared > 15


@pytest.mark.parametrize("seed", range(2))
def test_exposures_equal_churn_by_exposure(seed):
    shop = Evaluated(seed)
    for window in shop.definitions.windows:
        found = explain(shop.partition, shop.definitions, shop.now, metric=CHURN, window=window)
        for one in found.exposures:
            labels = frozenset({"window": window, "exposure": one.exposure}.items())
            sample = shop.samples["retention_churn_by_exposure_ratio", labels]
            assert one.after_number == sample.denominator
            assert (one.after or 0) * one.after_number == pytest.approx(sample.numerator)
