"""The topics and the local state that a reset deletes; with a broker: tests/streams/cli/test_reset.py."""

import pytest

from streams.config.load import load
from streams.kafka.topics import DEAD_LETTERS, INPUTS, PERIODS
from streams.operations import reset


@pytest.fixture
def settings(tmp_path):
    return load({"group": "g", "data_dir": tmp_path}, {})


def test_topics_of_the_group_are_deleted(settings):
    assert {"g-facts", "g-customers-changelog"} <= set(reset.topics_of(settings))


def test_inputs_dead_letters_and_closed_periods_are_kept(settings):
    assert not {*INPUTS, DEAD_LETTERS, PERIODS} & set(reset.topics_of(settings))


def test_topics_of_another_group_are_kept(settings):
    other = load({"group": "g2"}, {})
    shared = set(reset.topics_of(settings)) & set(reset.topics_of(other))
    assert not [topic for topic in shared if topic.startswith("g")]


def test_local_state_is_deleted_once(settings, tmp_path):
    (tmp_path / "faust").mkdir()
    (tmp_path / "faust" / "position").write_text("1")
    (tmp_path / "other").write_text("kept")
    assert reset.delete_local_state(settings)
    assert not reset.delete_local_state(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
