"""Checks of TOML values. Every error names the key."""

from collections.abc import Mapping
from typing import Any, get_args

from streams.errors import SettingsError


class InvalidKey(ValueError):
    """An invalid key of a mapping."""

    def __init__(self, setting: str, problem: str, hint: str = "") -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
        self.problem = problem
        self.hint = hint

    def of(self, source: str) -> SettingsError:
        """Return the problem as an error of a file."""
        return SettingsError(self.setting, self.problem, source=source, hint=self.hint)


def a_table(at: str, content: object, expected: str = "a table") -> Mapping[str, Any]:
    """Return a table.

    Raises:
        InvalidKey: the value is invalid.
    """
    if not isinstance(content, dict):
        raise InvalidKey(at, f"expected {expected}")
    return content


def a_text(at: str, content: object) -> str:
    """Return text.

    Raises:
        InvalidKey: the value is invalid.
    """
    if not isinstance(content, str):
        raise InvalidKey(at, "expected text")
    return content


def a_boolean(at: str, content: object) -> bool:
    """Return true or false.

    Raises:
        InvalidKey: the value is invalid.
    """
    if not isinstance(content, bool):
        raise InvalidKey(at, "expected true or false")
    return content


def a_choice(at: str, content: object, choices: Any) -> Any:  # noqa: ANN401 - one of `choices`
    """Return one of the choices of a `Literal`.

    Raises:
        InvalidKey: the value is invalid.
    """
    if content not in get_args(choices):
        raise InvalidKey(at, f"{content!r} is not one of {', '.join(get_args(choices))}")
    return content
