"""The errors: their names and exit codes are for scripts to rely on."""

import inspect

import pytest

from streams import errors
from streams.errors import (
    IN_IMAGE,
    BrokerError,
    BrokerUnavailable,
    GroupActive,
    PartitionsChanged,
    PortInUse,
    RetentionError,
    SettingsError,
    StateTooNew,
    missing_extra,
)

EXAMPLES = [
    (RetentionError("m", "h"), 1),
    (SettingsError("RETENTION_PORT", "p", source="s"), 2),
    (BrokerUnavailable("127.0.0.1:9092", "refused"), 3),
    (PartitionsChanged("retention-facts", expected=8, found=4), 4),
    (StateTooNew(3, 2), 4),
    (PortInUse("127.0.0.1", 6066), 5),
    (GroupActive("retention", 2), 6),
    (BrokerError("m"), 8),
]


def test_docstring_shows_the_tree_of_errors():
    public = {
        error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, RetentionError)
    }
    for error in public:
        assert f"{error.__name__} " in errors.__doc__
        own_code = "exit_code" in vars(error)
        assert (f"{error.__name__} ({error.exit_code})" in errors.__doc__) == own_code


@pytest.mark.parametrize(("error", "code"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_each_error_is_one_line_with_a_correction(error, code):
    assert error.exit_code == code
    assert "\n" not in str(error)
    assert str(error) == "; ".join(filter(None, [error.message, error.hint]))


def test_message_contains_found_and_expected_values():
    assert "has 4 partitions where 8 are expected" in str(EXAMPLES[3][0])
    assert "RETENTION_PARTITIONS=8" in str(EXAMPLES[3][0])
    assert "version 3" in str(EXAMPLES[4][0])
    assert "2 running workers" in str(EXAMPLES[6][0])
    assert "1 running worker;" in str(GroupActive("g", 1))


def test_missing_package_names_no_pip_in_the_container_image(monkeypatch):
    assert missing_extra("a fit", "SciPy", "fit").hint.startswith("install it with: pip")
    monkeypatch.setenv(IN_IMAGE, "1")
    error = missing_extra("a fit", "SciPy", "fit")
    assert error.message == "a fit needs SciPy, which the container image does not have"
    assert error.hint.startswith("run this command where you have installed it")
