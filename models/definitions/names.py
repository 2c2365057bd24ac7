"""Check lists of names: each occurs once, and is a possible value of a label."""

from collections.abc import Sequence
from typing import Final

#: Value of a label for all values that the configuration does not name, and for a missing value.
OTHER: Final = "other"
UNKNOWN: Final = "unknown"


def check_once(parameter: str, names: Sequence[str]) -> None:
    """Check that no name occurs twice.

    Raises:
        ValueError: a name does. The message starts with the name of the parameter.
    """
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{parameter}: {name!r} is named twice")


def check_labels(parameter: str, names: Sequence[str]) -> None:
    """Check the names that become values of a label.

    Raises:
        ValueError: a name is empty, occurs twice, or has another meaning. The message starts with the name of
            the parameter.
    """
    for name in names:
        if not name:
            raise ValueError(f"{parameter}: expected names, got an empty one")
        if name in {OTHER, UNKNOWN}:
            meaning = "every value that is not named" if name == OTHER else "a missing value"
            raise ValueError(f"{parameter}: {name!r} stands for {meaning}; leave it out")
    check_once(parameter, names)
