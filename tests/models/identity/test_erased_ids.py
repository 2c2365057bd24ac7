"""Erased identities: recognised after a restart, and readable nowhere."""

from models.identity.erased_ids import ERASED_KEY, SECRET_KEY, ErasedIds


def test_erased_identity_is_recognised():
    erased = ErasedIds({}, {})
    erased.add("ada")
    assert "ada" in erased
    assert "bob" not in erased


def test_no_identity_is_erased_at_first():
    rows = {}
    erased = ErasedIds(rows, {})
    assert not erased.holds_any
    assert "ada" not in erased
    assert rows == {}


def test_restored_rows_recognise_the_identity():
    rows = {}
    ErasedIds(rows, {}).add("ada")
    restored = ErasedIds(rows, {})
    assert restored.holds_any
    assert "ada" in restored
    restored.add("bob")
    assert "ada" in restored


def test_rows_do_not_contain_the_identity():
    rows = {}
    ErasedIds(rows, {}).add("ada.lovelace@example.org")
    stored = b"".join(key + value for key, value in rows.items())
    assert b"ada" not in stored
    assert b"example" not in stored


def test_equal_identities_of_two_partitions_have_different_rows():
    one, other = {}, {}
    ErasedIds(one, {}).add("ada")
    ErasedIds(other, {}).add("ada")
    assert {key for key in one if key != SECRET_KEY}.isdisjoint(other)


def test_changed_rows_are_added_to_dirty():
    rows, dirty = {}, {}
    ErasedIds(rows, dirty).add("ada")
    assert set(dirty) == set(rows)
    [hashed] = [key for key in rows if key != SECRET_KEY]
    assert hashed.startswith(ERASED_KEY)


def test_identity_erased_twice_adds_no_row():
    rows = {}
    erased = ErasedIds(rows, {})
    erased.add("ada")
    before = dict(rows)
    erased.add("ada")
    assert rows == before
