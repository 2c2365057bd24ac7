"""Why a ratio moved, as `/explain` answers it."""

from msgspec import Struct


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a ratio moved.

    Attributes:
        title: the ratio in words.
        sentence: the change in a sentence.
        terms: what it consists of, the largest first.
    """

    title: str
    sentence: str
    terms: "list[Term]"


class Term(Struct, frozen=True, kw_only=True):
    """One part of a change.

    Attributes:
        title: what the part is of.
        effect: the part, points of the ratio.
    """

    title: str
    effect: float

    @property
    def text(self) -> str:
        """The effect as text."""
        sign = "+" if self.effect > 0 else "\N{MINUS SIGN}" if self.effect < 0 else ""
        return f"{sign}{100 * abs(self.effect):.1f} points"
