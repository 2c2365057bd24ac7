"""Paths of settings that no file system accepts, or whose home directory is unknown."""

from pathlib import Path

import pytest

from streams.config.load import load
from streams.config.paths import path_of
from streams.config.schema import FILE, SETTINGS
from streams.errors import SettingsError

LONG_NAME = "/tmp/" + "a" * 300
LONG_PATH = "/tmp" + "/long" * 1000
IMPOSSIBLE = [LONG_NAME, LONG_PATH, "~nobody-of-this-name/x", "a\0b"]
FLAGS = ["config", "data_dir", *(name for name in SETTINGS if name.endswith(FILE))]
FLAGS += [name + FILE for name, setting in SETTINGS.items() if setting.from_file]


def test_home_directory_is_replaced(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert path_of("~/retention.toml") == Path("/home/ann/retention.toml")


@pytest.mark.parametrize("text", ["/nowhere/x", "/etc/passwd/x", "relative", "."])
def test_path_that_could_exist_is_accepted(text):
    assert path_of(text) == Path(text)


@pytest.mark.parametrize("text", IMPOSSIBLE, ids=["name", "path", "home", "null"])
def test_path_that_cannot_exist_is_invalid(text):
    with pytest.raises(ValueError, match=r"^expected a "):
        path_of(text)


@pytest.mark.parametrize("text", IMPOSSIBLE, ids=["name", "path", "home", "null"])
@pytest.mark.parametrize("name", FLAGS)
def test_setting_with_impossible_path_is_an_error(name, text):
    with pytest.raises(SettingsError, match="is not valid; expected a ") as raised:
        load({name: text}, {})
    assert len(str(raised.value)) < 400


def test_model_at_impossible_path_is_an_error(tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text(f'[risk]\nmodel = "{LONG_NAME}"')
    with pytest.raises(SettingsError, match=r"risk\.model"):
        load({"config": config}, {})
