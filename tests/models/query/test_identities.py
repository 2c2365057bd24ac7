"""The ids of a customer and the merges between them, by hand (docs/api.md, "Identities")."""

from models.facts.claims import Shared
from models.facts.control import Merge
from models.facts.fact import Fact
from models.identity.merge_registry import Component
from models.outputs.ids import to_datetime
from models.query.identities import identities_of, merge_of, merges_by_claim, with_merges
from models.query.responses import Identities, MergeSeen


def test_id_without_merges_is_its_own_customer():
    assert identities_of("ada", None) == Identities("ada", [], [])


def test_merges_are_sorted_by_time_under_the_canonical_id():
    component = Component("ada")
    component.members = {"ada", "web", "app"}
    component.unmerged = set(component.members)
    component.add(Merge(at=20, event="m2", customer="web", into="ada"))
    component.add(Merge(at=10, event="m1", customer="app", into="web"))
    found = identities_of("web", component)
    assert (found.customer_id, found.identities) == ("ada", ["app", "web"])
    assert [(merge.id, merge.customer_id, merge.into) for merge in found.merges] == [
        ("m1", "app", "web"),
        ("m2", "web", "ada"),
    ]


def test_merge_joins_the_facts_of_the_customer_once():
    merge = MergeSeen("m", to_datetime(10), "web", "ada")
    merges = merges_by_claim([merge])
    shared = Fact("", Shared(5, "s"))
    facts = with_merges(with_merges([shared], merges), merges)
    assert [merge_of(fact, merges) for fact in facts] == [None, merge]
    assert facts[0] == shared
