"""Checks of what a TOML file says: what is wrong is said with the key."""

from collections.abc import Mapping
from typing import Any, get_args

from streams.errors import SettingsError


class Problem(ValueError):
    """What is wrong with a mapping, and at which key."""

    def __init__(self, setting: str, problem: str, hint: str = "") -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
        self.problem = problem
        self.hint = hint

    def of(self, source: str) -> SettingsError:
        """Give it as the error of a file."""
        return SettingsError(self.setting, self.problem, source=source, hint=self.hint)


def a_table(at: str, content: object, expected: str = "a table") -> Mapping[str, Any]:
    """Give a table.

    Raises:
        Problem: it is none.
    """
    if not isinstance(content, dict):
        raise Problem(at, f"expected {expected}")
    return content


def a_text(at: str, content: object) -> str:
    """Give text.

    Raises:
        Problem: it is none.
    """
    if not isinstance(content, str):
        raise Problem(at, "expected text")
    return content


def a_boolean(at: str, content: object) -> bool:
    """Give true or false.

    Raises:
        Problem: it is none.
    """
    if not isinstance(content, bool):
        raise Problem(at, "expected true or false")
    return content


def a_choice(at: str, content: object, choices: Any) -> Any:  # noqa: ANN401 - one of `choices`
    """Give one of the choices of a `Literal`.

    Raises:
        Problem: it is none.
    """
    if content not in get_args(choices):
        raise Problem(at, f"{content!r} is not one of {', '.join(get_args(choices))}")
    return content
