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
    st.builds(claims.CheckoutStarted, _TIMES, _IDS),
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
    # What an id means that is used twice may differ: any one counts.
    unique = {(customer, claim.id): Fact(entity, claim) for customer, entity, claim in facts}
    histories, partition = PurchaseHistories(), Partition(DEFINITIONS, {})
    facts_of_identities = [((REGISTRY_ADDRESS, ""), Fact("", claim)) for claim in identities]
    for (customer, _), fact in [*unique.items(), *facts_of_identities]:
        for _twice in range(2):
            histories.add(customer, fact)
        partition.process_one(customer, fact)
    samples = compute([standalone.evaluate(partition, NOW)], DEFINITIONS, NOW)
    counted = {sample.metric: sample.value for sample in samples if sample.metric == "retention_orders"}
    since = hour(NOW) - 365 * 24
    year = [time for times in histories.at(NOW, DEFINITIONS) for time in times if hour(time) > since]
    assert len(year) == counted["retention_orders"]


def test_order_outside_the_horizon_is_left_out():
    histories = PurchaseHistories()
    for day, entity in enumerate(["gone", "old", "new", "late"]):
        time = NOW + (-801, -799, 0, 1)[day] * US_PER_DAY
        histories.add("ann", Fact(entity, claims.Placed(time, entity, 1, "USD", "web")))
    assert list(histories.at(NOW, DEFINITIONS)) == [[NOW - 799 * US_PER_DAY, NOW]]
    assert list(histories.at(NOW - 900 * US_PER_DAY, DEFINITIONS)) == []
