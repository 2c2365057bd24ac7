"""Regular expressions of settings, which match in time linear in the text.

They are applied to text that others wrote: values of records, names of topics. `re` backtracks, so that
`(a+)+$` takes minutes for a text of 40 characters. RE2 does not; it has no look-around and no
back-references.
"""

import re
from typing import Final, Protocol, cast

import re2

# Otherwise patterns that RE2 does not have are matched by `re`, without a word.
re2.set_fallback_notification(re2.FALLBACK_EXCEPTION)

_BACKTRACKS: Final = "needs backtracking, which can take for ever"
_LINEAR_HINT: Final = "write it without look-around, back-references and possessive repetition"


class Match(Protocol):
    """A place at which a pattern matches."""

    def __getitem__(self, group: int) -> str | None:
        """Return a group; None if it took no part in the match. Group 0 is the whole match."""


class Pattern(Protocol):
    """A compiled pattern."""

    @property
    def pattern(self) -> str:
        """The pattern as text."""

    @property
    def groups(self) -> int:
        """Number of groups."""

    def search(self, text: str) -> Match | None:
        """Return the first place in a text at which the pattern matches."""

    def fullmatch(self, text: str) -> Match | None:
        """Return the match of the whole text."""


class InvalidPattern(ValueError):
    """A text is no regular expression, or one that cannot be matched in linear time.

    Attributes:
        problem: what is wrong, for a message that names the setting.
        hint: the correction; may be empty.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def compile_pattern(text: str) -> Pattern:
    """Compile a regular expression in RE2's syntax, with Unicode's classes of characters.

    Example:
        >>> compile_pattern("([0-9]+)$").search("gid://shop/Customer/7")[1]
        '7'

    Raises:
        InvalidPattern: the text is no regular expression, or needs backtracking.
    """
    try:
        return cast("Pattern", re2.compile(text))
    except (re.error, ValueError) as error:  # ValueError: text that is not Unicode
        linear_problem = str(error)
    try:
        re.compile(text)
    except re.error as error:
        raise InvalidPattern(f"is not a regular expression: {error}") from None
    raise InvalidPattern(f"{_BACKTRACKS}: {linear_problem}", _LINEAR_HINT)
