"""The registry: whatever it is told in whatever order, in the end every identity's home knows its name."""

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
_merge_sets = st.lists(_merges, max_size=8, unique_by=lambda merge: (merge.customer, merge.event))


class Homes:
    """A registry, and what the partitions know of what it says: the latest of each identity."""

    def __init__(self):
        self.rows = {}
        self.touched = {}
        self.name = {name: name for name in _NAMES}
        self.erased = set()
        self.restart()

    def restart(self):
        self.vault = ErasedIds(self.rows, self.touched)
        self.registry = MergeRegistry(self.rows, self.touched, self.vault)

    def merge(self, merge):
        self.tell(self.registry.merge(merge))

    def erase(self, identity):
        self.tell(self.registry.erase(identity))

    def tell(self, letters):
        for to, fact in letters:
            if isinstance(fact.claim, IdentityErased):
                assert to is None
                self.erased.add(fact.claim.identity)
            else:
                assert isinstance(fact.claim, Redirected)
                self.name[to] = fact.claim.to
                self.assert_nobody_is_sent_in_circles()

    def assert_nobody_is_sent_in_circles(self):
        for name in _NAMES:
            passed = [name]
            while self.name[passed[-1]] != passed[-1]:
                passed.append(self.name[passed[-1]])
                assert len(passed) <= len(_NAMES)

    def known(self):
        return {name: to for name, to in self.name.items() if name not in self.erased}


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
        latest = max(inside, key=lambda merge: (merge.at, merge.event, merge.customer), default=None)
        names |= dict.fromkeys(group, free.pop() if len(free) == 1 else latest.into)
    return names


@given(_merge_sets, st.data())
def test_names_depend_on_no_order_and_no_number(merges, data):
    homes = Homes()
    for merge in data.draw(st.permutations(merges + merges[:3])):
        homes.merge(merge)
    assert homes.known() == _naive(merges)


@given(_merge_sets, st.sets(st.sampled_from(_NAMES), max_size=2), st.data())
def test_erasing_one_erases_all_connected_whichever_came_first(merges, erased, data):
    homes = Homes()
    for step in data.draw(st.permutations([*merges, *sorted(erased)])):
        if isinstance(step, str):
            homes.erase(step)
        else:
            homes.merge(step)
    assert homes.known() == _naive(merges, erased)


@given(_merge_sets, st.integers(0, 8))
def test_a_restored_registry_goes_on_where_it_was(merges, at):
    homes = Homes()
    for merge in merges[:at]:
        homes.merge(merge)
    homes.restart()
    for merge in merges[at:]:
        homes.merge(merge)
    assert homes.known() == _naive(merges)


@given(_merge_sets)
def test_everything_tells_homes_that_have_lost_their_state(merges):
    homes = Homes()
    for merge in merges:
        homes.merge(merge)
    homes.name = {name: name for name in _NAMES}
    homes.tell(homes.registry.all_redirects())
    assert homes.known() == _naive(merges)


def test_of_an_erased_component_no_name_remains():
    homes = Homes()
    homes.merge(Merge(at=1, event="m1", customer="alice@example.com", into="bob@example.com"))
    homes.erase("bob@example.com")
    assert not any(b"example" in key + value for key, value in homes.rows.items())
    assert all(key in homes.touched for key in homes.rows)
    again = homes.registry.merge(Merge(at=2, event="m2", customer="carol", into="alice@example.com"))
    assert {letter.fact.claim for letter in again} == {
        IdentityErased(identity="carol"),
        IdentityErased(identity="alice@example.com"),
    }


def test_a_merge_that_changes_no_name_says_nothing():
    homes = Homes()
    letters = homes.registry.merge(Merge(at=1, event="m1", customer="a", into="b"))
    assert [(to, fact.claim) for to, fact in letters] == [("a", Redirected(to="b"))]
    assert homes.registry.merge(Merge(at=2, event="m2", customer="a", into="b")) == []
    assert homes.registry.merge(Merge(at=1, event="m1", customer="a", into="b")) == []
