from hypothesis import given
from hypothesis import strategies as st

from models.identities import Forgotten, Merge, Moved, Notice, Registry

_NAMES = "abcdef"
_merges = st.builds(
    Merge,
    time=st.integers(0, 3),
    id=st.integers(0, 9).map(str),
    customer=st.sampled_from(_NAMES),
    into=st.sampled_from(_NAMES),
).filter(lambda merge: merge.customer != merge.into)
_merge_sets = st.lists(_merges, max_size=8, unique_by=lambda merge: (merge.customer, merge.id))


def _registry() -> Registry:
    return Registry({}, set(), 0)


class Homes:
    """What the identities' own partitions know: the latest notice of each."""

    def __init__(self) -> None:
        self.name = {name: name for name in _NAMES}
        self.version = dict.fromkeys(_NAMES, 0)
        self.erased: set[str] = set()

    def tell(self, notices: list[Notice]) -> None:
        for notice in notices:
            if isinstance(notice, Forgotten):
                self.erased.add(notice.identity)
            elif notice.version > self.version[notice.identity]:
                self.name[notice.identity], self.version[notice.identity] = notice.to, notice.version

    def known(self) -> dict[str, str]:
        return {name: to for name, to in self.name.items() if name not in self.erased}


def _naive(merges: list[Merge], erased: set[str]) -> dict[str, str]:
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
        name = free.pop() if len(free) == 1 else max(inside).into
        names |= dict.fromkeys(group, name)
    return names


@given(_merge_sets, st.data())
def test_names_depend_on_no_order_and_no_number(merges: list[Merge], data: st.DataObject) -> None:
    told = data.draw(st.permutations(merges + merges[:3]))
    registry, homes = _registry(), Homes()
    for merge in told:
        homes.tell(registry.merge(merge))
    assert homes.known() == _naive(merges, set())


@given(_merge_sets, st.sets(st.sampled_from(_NAMES), max_size=2), st.data())
def test_erasing_one_erases_all_connected_whichever_came_first(
    merges: list[Merge], erased: set[str], data: st.DataObject
) -> None:
    registry, homes = _registry(), Homes()
    for step in data.draw(st.permutations([*merges, *sorted(erased)])):
        homes.tell(registry.erase(step) if isinstance(step, str) else registry.merge(step))
    assert homes.known() == _naive(merges, erased)


@given(_merge_sets, st.integers(0, 8))
def test_a_restored_registry_goes_on_where_it_was(merges: list[Merge], at: int) -> None:
    rows: dict[bytes, bytes] = {}
    homes, registry = Homes(), Registry(rows, set(), 0)
    for merge in merges[:at]:
        homes.tell(registry.merge(merge))
    registry = Registry(rows, set(), 100)
    for merge in merges[at:]:
        homes.tell(registry.merge(merge))
    assert homes.known() == _naive(merges, set())


@given(_merge_sets)
def test_everything_tells_a_home_that_has_lost_its_state(merges: list[Merge]) -> None:
    registry = _registry()
    for merge in merges:
        registry.merge(merge)
    homes = Homes()
    homes.tell(list(registry.everything()))
    assert homes.known() == _naive(merges, set())


def test_of_an_erased_component_no_name_remains() -> None:
    rows: dict[bytes, bytes] = {}
    dirty: set[bytes] = set()
    registry = Registry(rows, dirty, 0)
    registry.merge(Merge(1, "m1", "alice@example.com", "bob@example.com"))
    registry.erase("bob@example.com")
    assert not any(b"example" in key + value for key, value in rows.items())
    assert all(key in dirty for key in rows)
    assert registry.merge(Merge(2, "m2", "carol", "alice@example.com")) == [Forgotten("carol")]


def test_a_merge_that_changes_no_name_says_nothing() -> None:
    registry = _registry()
    assert registry.merge(Merge(1, "m1", "a", "b")) == [Moved("a", "b", 1)]
    assert registry.merge(Merge(2, "m2", "a", "b")) == []
    assert registry.merge(Merge(1, "m1", "a", "b")) == []
