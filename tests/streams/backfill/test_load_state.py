"""The stored state of a load, and the states that a load may continue."""

import json
from datetime import UTC, datetime

import pytest

from streams.backfill.load_state import LoadState, open_state
from streams.backfill.order import FIRST
from streams.errors import RetentionError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("{}")
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "load.json"


def test_stored_state_is_read_back(file, path):
    state = open_state([file], None, path)
    state.processed = 7
    state.count_sent("orders", 3, 10, 20)
    state.not_sent["not_json"] = 1
    state.save(path)
    assert open_state([file], None, path) == state
    assert not path.with_name("load.json.part").exists()


def test_load_without_a_path_has_a_new_state(file):
    assert open_state([file], None, None) == LoadState([])


def test_sent_events_are_summed_by_topic():
    state = LoadState([])
    state.count_sent("orders", 2, 10, 20)
    state.count_sent("orders", 3, 20, 30)
    state.count_sent("tickets", 1, 5, 5)
    assert (state.sent["orders"].events, state.sent["orders"].earliest, state.sent["orders"].latest) == (
        5,
        10,
        30,
    )
    assert state.events == 6


def test_events_without_a_time_have_no_range():
    state = LoadState([])
    state.count_sent("orders", 2, FIRST, FIRST)
    assert (state.sent["orders"].earliest, state.sent["orders"].latest) == (None, None)


def test_state_of_a_changed_file_is_an_error(file, path):
    open_state([file], None, path).save(path)
    file.write_text("{}\n{}")
    with pytest.raises(RetentionError, match="state of other files, or the files have changed"):
        open_state([file], None, path)


@pytest.mark.parametrize(
    ("option", "begun"),
    [
        ("--mapping", {"mapping": "shopify"}),
        ("--null", {"null_words": ("NULL",)}),
        ("--attributes-since", {"attributes_since": datetime(2024, 1, 1, tzinfo=UTC)}),
        ("--within-horizon", {"within_horizon": True}),
    ],
)
def test_load_with_another_option_is_not_resumed(file, path, option, begun):
    plain = {"mapping": None, "path": path}
    open_state([file], **plain | begun).save(path)
    assert open_state([file], **plain | begun) is not None
    with pytest.raises(RetentionError, match=f"state of a load with another {option}"):
        open_state([file], **plain)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"files": 3}'])
def test_file_that_is_no_state_is_an_error(file, path, content):
    path.write_bytes(content)
    with pytest.raises(RetentionError, match="is not the state of a load"):
        open_state([file], None, path)


def test_state_of_another_release_is_an_error(file, path):
    open_state([file], None, path).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(RetentionError, match="written by another release"):
        open_state([file], None, path)


def test_standard_input_cannot_be_resumed(path):
    with pytest.raises(RetentionError, match="standard input cannot be resumed"):
        open_state(["-"], None, path)


def test_unwritable_state_is_an_error(tmp_path):
    with pytest.raises(RetentionError, match="cannot be written: No such file"):
        LoadState([]).save(tmp_path / "none" / "load.json")
