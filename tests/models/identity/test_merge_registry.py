"""The merge registry: in whatever order merges arrive, every identity gets its canonical id."""

from hypothesis import given
from hypothesis import strategies as st

from models.facts.control import IdentityErased, Merge, Redirected
from models.identity.erased_ids import ErasedIds
from models.identity.merge_registry import MergeRegistry

_NAMES = "abcdef"
_merges = st.builds(
    lambda at, event, customer, into: Merge(at=at, event=event, customer=customer, into=into),
    st.integers(0, 3),
    st.integers(0, 9).map(str),
    st.sampled_from(_NAMES),
    st.sampled_from(_NAMES),
).filter(lambda merge: merge.customer != merge.into)
_merge_sets = st.lists(_merges, max_size=8, unique=True)


class Partitions:
    """A registry, and the latest redirect of each identity that its partition has received."""

    def __init__(self):
        self.rows = {}
        self.dirty = {}
        self.canonical_ids = {name: name for name in _NAMES}
        self.erased = set()
        self.restart()

    def restart(self):
        self.erased_ids = ErasedIds(self.rows, self.dirty)
        self.registry = MergeRegistry(self.rows, self.dirty, self.erased_ids)

    def merge(self, merge):
        self.deliver(self.registry.merge(merge))

    def erase(self, identity):
        self.deliver(self.registry.erase(identity))

    def deliver(self, messages):
        for to, fact in messages:
            if isinstance(fact.claim, IdentityErased):
                assert to is None
                self.erased.add(fact.claim.identity)
            else:
                assert isinstance(fact.claim, Redirected)
                self.canonical_ids[to] = fact.claim.to
                self.assert_no_redirect_forms_a_circle()

    def assert_no_redirect_forms_a_circle(self):
        for name in _NAMES:
            passed = [name]
            while self.canonical_ids[passed[-1]] != passed[-1]:
                passed.append(self.canonical_ids[passed[-1]])
                assert len(passed) <= len(_NAMES)

    def remaining(self):
        return {name: to for name, to in self.canonical_ids.items() if name not in self.erased}


def _naive(merges, erased=frozenset()):
    groups = [{name} for name in _NAMES]
    for merge in merges:
        ends = [group for group in groups if merge.customer in group or merge.into in group]
        groups = [group for group in groups if group not in ends] + [set().union(*ends)]
    names = {}
    for group in groups:
        if group & erased:
            continue
        inside = [merge for merge in merges if merge.customer in group]
        free = group - {merge.customer for merge in inside}
        latest = max(
            inside, key=lambda merge: (merge.at, merge.event, merge.customer, merge.into), default=None
        )
        names |= dict.fromkeys(group, free.pop() if len(free) == 1 else latest.into)
    return names


@given(_merge_sets, st.data())
def test_canonical_ids_depend_on_no_order_and_no_duplicates(merges, data):
    partitions = Partitions()
    for merge in data.draw(st.permutations(merges + merges[:3])):
        partitions.merge(merge)
    assert partitions.remaining() == _naive(merges)


@given(_merge_sets, st.sets(st.sampled_from(_NAMES), max_size=2), st.data())
def test_erasure_erases_the_component_in_any_order(merges, erased, data):
    partitions = Partitions()
    for step in data.draw(st.permutations([*merges, *sorted(erased)])):
        if isinstance(step, str):
            partitions.erase(step)
        else:
            partitions.merge(step)
    assert partitions.remaining() == _naive(merges, erased)


@given(_merge_sets, st.integers(0, 8))
def test_restored_registry_continues(merges, at):
    partitions = Partitions()
    for merge in merges[:at]:
        partitions.merge(merge)
    partitions.restart()
    for merge in merges[at:]:
        partitions.merge(merge)
    assert partitions.remaining() == _naive(merges)


@given(_merge_sets)
def test_all_redirects_restore_the_partitions(merges):
    partitions = Partitions()
    for merge in merges:
        partitions.merge(merge)
    partitions.canonical_ids = {name: name for name in _NAMES}
    partitions.deliver(partitions.registry.all_redirects())
    assert partitions.remaining() == _naive(merges)


def test_erased_component_leaves_no_id():
    partitions = Partitions()
    partitions.merge(Merge(at=1, event="m1", customer="alice@example.com", into="bob@example.com"))
    partitions.erase("bob@example.com")
    assert not any(b"example" in key + value for key, value in partitions.rows.items())
    assert all(key in partitions.dirty for key in partitions.rows)
    again = partitions.registry.merge(Merge(at=2, event="m2", customer="carol", into="alice@example.com"))
    assert {message.fact.claim for message in again} == {
        IdentityErased(identity="carol"),
        IdentityErased(identity="alice@example.com"),
    }


def test_merge_without_a_new_canonical_id_sends_nothing():
    partitions = Partitions()
    messages = partitions.registry.merge(Merge(at=1, event="m1", customer="a", into="b"))
    assert [(to, fact.claim) for to, fact in messages] == [("a", Redirected(to="b"))]
    assert partitions.registry.merge(Merge(at=2, event="m2", customer="a", into="b")) == []
    assert partitions.registry.merge(Merge(at=1, event="m1", customer="a", into="b")) == []
