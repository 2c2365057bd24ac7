"""Inputs whose records were counted by another mapping are named."""

from streams.ingest.mapping_changes import changed_inputs


def test_input_of_one_mapping_is_unchanged():
    assert changed_inputs({"shop.orders": ("a",)}, {"shop.orders": "a"}) == []


def test_input_that_was_read_by_another_mapping_is_named():
    assert changed_inputs({"shop.orders": ("a",)}, {"shop.orders": "b"}) == ["shop.orders"]
    assert changed_inputs({"shop.orders": ("a", "b")}, {"shop.orders": "a"}) == ["shop.orders"]


def test_unread_or_removed_input_is_left_out():
    assert changed_inputs({"old": ("a",)}, {"new": "b"}) == []
