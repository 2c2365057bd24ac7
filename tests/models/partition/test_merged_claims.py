"""Claims of merged customers with one time and one event id: the `customer_id` decides, not the name kept."""

import pytest

from models.contract.messages import ACTION, TRANSITION
from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.control import KeptOrder, Merge, Redirected
from models.facts.fact import REGISTRY_ADDRESS, Fact
from models.partition import standalone
from models.partition.partition import Partition
from tests.support.partitions import DAY, NOW, Shop

NET = ("retention_net_revenue", "USD", "7d")


def amend_alike(shop, late=()):
    """Process two amendments with one time and one id, 10 by ann and 20 by bob."""
    for name, amount in (("ann", 10_00), ("bob", 20_00)):
        if name not in late:
            shop.process(claims.Amended, "o1", NOW - DAY, amount, customer=name, event_id="e")


def merge(shop, alias, canonical):
    event = Merge(at=NOW, event="m", customer=alias, into=canonical)
    shop.partition.process_one(REGISTRY_ADDRESS, Fact("", event))
    standalone.deliver_all(shop.partition)


def outputs(shop):
    """Return the transitions and actions that are due."""
    keys = iter(lambda: shop.partition.due_for_output(10), [])
    found = [output for due in keys for key in due for output in shop.partition.emit(key)]
    return [output for output in found if output.type in {ACTION, TRANSITION}]


both_names = pytest.mark.parametrize(("alias", "canonical"), [("ann", "bob"), ("bob", "ann")])


@both_names
def test_amendment_of_the_larger_identity_counts(shop, alias, canonical):
    shop.order("o1", NOW - 2 * DAY, customer=canonical)
    amend_alike(shop)
    merge(shop, alias, canonical)
    assert shop.value(*NET) == 20
    shop.restart()
    assert shop.value(*NET) == 20


@both_names
@pytest.mark.parametrize("late", ["ann", "bob"])
def test_amendment_after_the_merge_is_ranked_alike(shop, alias, canonical, late):
    shop.order("o1", NOW - 2 * DAY, customer=canonical)
    amend_alike(shop, late={late})
    merge(shop, alias, canonical)
    amend_alike(shop, late={"ann", "bob"} - {late})
    standalone.deliver_all(shop.partition)
    assert shop.value(*NET) == 20


@both_names
def test_amendments_ahead_of_the_clock_are_ranked_alike(shop, alias, canonical):
    shop.order("o1", NOW - DAY, customer=canonical)
    for name, amount in (("ann", 10_00), ("bob", 20_00)):
        shop.process(claims.Amended, "o1", NOW + DAY, amount, customer=name, event_id="e")
    merge(shop, alias, canonical)
    assert shop.value(*NET, now=NOW + DAY) == 20


@both_names
def test_bootstrap_ranks_merged_claims_alike(shop, alias, canonical):
    shop.partition = Partition(shop.definitions, shop.rows)
    shop.partition.resume(NOW)
    shop.order("o1", NOW - 2 * DAY, customer=canonical)
    amend_alike(shop)
    merge(shop, alias, canonical)
    standalone.build_aggregates(shop.partition, NOW)
    assert shop.value(*NET) == 20


def test_merge_into_another_name_keeps_the_rank(shop):
    shop.order("o1", NOW - 2 * DAY, customer="bob")
    amend_alike(shop)
    for to, *others in (("ann", "bob", "zoe"), ("zoe", "ann", "bob"), ("bob", "ann", "zoe")):
        for name in (to, *others):
            shop.partition.process_one(name, Fact("", Redirected(to=to)))
        standalone.deliver_all(shop.partition)
        assert shop.value(*NET) == 20, to


@both_names
@pytest.mark.parametrize("before", [True, False])
def test_kept_order_of_the_smaller_identity_is_kept(shop, alias, canonical, before):
    def place():
        for name, channel in (("ann", "chat"), ("bob", "app")):
            shop.order("o1", NOW - 900 * DAY, customer=name, event_id="e", channel=channel)

    if before:
        place()
    merge(shop, alias, canonical)
    if not before:
        place()
    standalone.deliver_all(shop.partition)
    log = [fact.claim for fact in shop.partition.fact_log(canonical.encode())]
    assert [claim.channel for claim in log if isinstance(claim, KeptOrder)] == ["chat"]


@both_names
def test_expired_order_of_the_smaller_identity_is_kept(shop, alias, canonical):
    for name, channel in (("ann", "chat"), ("bob", "app")):
        shop.order("o1", NOW - DAY, customer=name, event_id="e", channel=channel)
    merge(shop, alias, canonical)
    shop.samples(NOW + 800 * DAY)
    log = [fact.claim for fact in shop.partition.fact_log(canonical.encode())]
    assert [claim.channel for claim in log if isinstance(claim, KeptOrder)] == ["chat"]


def test_ids_of_outputs_survive_the_first_merge():
    shop = Shop(Definitions(actions=ActionPolicy(held_out=0.0)))
    shop.process(claims.Answered, "", NOW - DAY, 0, 1, event_id="n")
    issued = [output.value for output in outputs(shop) if output.type == ACTION]
    assert [action.subject.id for action in issued] == ["n"]
    merge(shop, "guest", "ada")
    assert outputs(shop) == []
    shop.restart()
    assert outputs(shop) == []


def test_customer_without_merges_keeps_its_event_ids(shop):
    shop.order("o1", NOW - DAY, event_id="e", referrer="bob")
    assert shop.partition.customer(b"ada").facts.orders["o1"][0].id == "e"
    merge(shop, "guest", "ada")
    assert shop.partition.customer(b"ada").facts.orders["o1"][0].id == "e\0ada"
    assert [fact.claim.id for fact in shop.partition.fact_log(b"ada") if fact.entity == "o1"][:1] == ["e"]
