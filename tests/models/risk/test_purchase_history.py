"""Qualifying orders without a partition are those with one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_DAY, hour
from models.facts import claims, control
from models.facts.fact import REGISTRY_ADDRESS, Fact
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.partition import Partition
from models.risk.purchase_history import PurchaseHistories

NOW = 20_000 * US_PER_DAY
DEFINITIONS = Definitions(windows=("365d",))

_IDS = st.sampled_from("abcdef")
_TIMES = st.integers(NOW - 900 * US_PER_DAY, NOW + 30 * US_PER_DAY)
_ORDERS = st.sampled_from(["o1", "o2", "o3"])
_CLAIMS = st.one_of(
    st.builds(claims.Placed, _TIMES, _IDS, st.integers(0, 9), st.just("USD"), st.just("web")),
    st.builds(claims.Amended, _TIMES, _IDS, st.integers(0, 9)),
    st.builds(claims.Cancelled, _TIMES, _IDS),
    st.builds(claims.Completed, _TIMES, _IDS, _ORDERS, st.integers(1, 9)),
    st.builds(claims.CheckoutStarted, _TIMES, st.sampled_from("xyz")),
)
_FACTS = st.lists(st.tuples(st.sampled_from(["ann", "bea"]), _ORDERS, _CLAIMS), max_size=12)
_IDENTITIES = st.sampled_from(
    [
        [],
        [control.Merge(at=1, event="m", customer="ann", into="bea")],
        [control.Merge(at=1, event="m", customer="bea", into="ann"), control.Erase(customer="cleo")],
        [control.Erase(customer="ann")],
        [control.Erase(customer="ann"), control.Merge(at=1, event="m", customer="ann", into="bea")],
    ]
)


@pytest.mark.slow
@given(_FACTS, _IDENTITIES)
@settings(max_examples=60)
def test_histories_are_those_that_a_partition_counts(facts, identities):
    histories, partition = PurchaseHistories(), Partition(DEFINITIONS, {})
    found = [(customer, Fact(entity, claim)) for customer, entity, claim in facts]
    found += [(REGISTRY_ADDRESS, Fact("", claim)) for claim in identities]
    for customer, fact in found:
        partition.process_one(customer, fact)
    for customer, fact in [*reversed(found), *found]:
        histories.add(customer, fact)
    samples = compute([standalone.evaluate(partition, NOW)], DEFINITIONS, NOW)
    counted = {sample.metric: sample.value for sample in samples if sample.metric == "retention_orders"}
    since = hour(NOW) - 365 * 24
    year = [time for times in histories.at(NOW, DEFINITIONS) for time in times if hour(time) > since]
    assert len(year) == counted["retention_orders"]


@pytest.mark.parametrize("late", [False, True])
def test_latest_content_of_an_event_counts(late):
    histories = PurchaseHistories()
    contents = [("o1", NOW - 2 * US_PER_DAY), ("o2", NOW - US_PER_DAY), ("o3", NOW + US_PER_DAY)]
    for entity, time in reversed(contents) if late else contents:
        histories.add("ann", Fact(entity, claims.Placed(time, "e", 1, "USD", "web")))
    assert list(histories.at(NOW, DEFINITIONS)) == [[NOW - US_PER_DAY]]
    assert list(histories.at(NOW + US_PER_DAY, DEFINITIONS)) == [[NOW + US_PER_DAY]]


def test_equal_ids_of_merged_identities_are_ordered_by_identity():
    for to in ("ann", "bea"):
        histories = PurchaseHistories()
        histories.add(to, Fact("o", claims.Placed(NOW - 2, "p", 9, "USD", "web")))
        histories.add(to, Fact("r", claims.Completed(NOW, "r", "o", 5)))
        for name, amount in (("ann", 1), ("bea", 9)):
            histories.add(name, Fact("o", claims.Amended(NOW - 1, "e", amount)))
        other = {"ann": "bea", "bea": "ann"}[to]
        histories.add("", Fact("", control.Merge(at=1, event="m", customer=other, into=to)))
        assert list(histories.at(NOW, DEFINITIONS)) == [[NOW - 2]]


def test_order_outside_the_horizon_is_left_out():
    histories = PurchaseHistories()
    for day, entity in enumerate(["gone", "old", "new", "late"]):
        time = NOW + (-801, -799, 0, 1)[day] * US_PER_DAY
        histories.add("ann", Fact(entity, claims.Placed(time, entity, 1, "USD", "web")))
    assert list(histories.at(NOW, DEFINITIONS)) == [[NOW - 799 * US_PER_DAY, NOW]]
    assert list(histories.at(NOW - 900 * US_PER_DAY, DEFINITIONS)) == []
