"""The names that count by name depend on no order of arrival."""

from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.smallest_names import SmallestNames

NAMES = st.lists(st.sampled_from("abcdefgh"), max_size=20)


def held(names):
    return [name for name in "abcdefgh" if name in names]


def test_names_up_to_the_limit_are_held():
    names = SmallestNames(2)
    assert [names.add_user(name) for name in "dbdb"] == [None] * 4
    assert (held(names), names.beyond) == (["b", "d"], [])


def test_smaller_name_takes_the_place_of_the_largest():
    names = SmallestNames(2)
    assert [names.add_user(name) for name in "dbac"] == [None, None, "d", None]
    assert (held(names), names.beyond) == (["a", "b"], ["c", "d"])


def test_other_is_never_held():
    names = SmallestNames(2)
    names.add_user("other")
    assert "other" not in names
    assert names.beyond == []


def test_chosen_names_are_held_and_no_others():
    names = SmallestNames(1, ("h", "g"))
    for name in "ahag":
        names.add_user(name)
    assert (held(names), names.beyond) == (["g", "h"], ["a"])
    names.remove_user("h")
    assert names.drop_unused() == ["h"]
    assert not names.has_room


def test_name_out_of_use_makes_room_for_one_beyond():
    names = SmallestNames(1)
    names.add_user("a")
    names.remove_user("a")
    assert (names.drop_unused(), names.has_room) == (["a"], False)
    for name in "bc":
        names.add_user(name)
    names.remove_user("b")
    assert (names.drop_unused(), names.has_room) == (["b"], True)


def test_name_out_of_use_is_dropped_before_the_largest():
    names = SmallestNames(1)
    names.add_user("a")
    names.remove_user("a")
    assert names.add_user("b") == "a"
    assert (held(names), names.beyond, names.has_room) == (["b"], [], False)


@given(NAMES, st.randoms(use_true_random=False))
def test_held_names_follow_from_the_set_of_names(added, chance):
    smallest = sorted(set(added))[:3]
    chance.shuffle(added)
    names = SmallestNames(3)
    for name in added:
        names.add_user(name)
    assert held(names) == smallest
