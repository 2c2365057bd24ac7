"""Values that nobody is to see."""

import re
from pathlib import Path
from typing import Final

HIDDEN: Final = "***"


class Secret(str):
    """A text that clients can use, and that shows itself to nobody: not in `repr`, a log or a message.

    It is text all the same: what encodes or joins it gets what it is. What prints or formats it does not.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, _: str) -> str:
        return HIDDEN


class Address(Secret):
    """A URL that may hold a password: whoever prints it shows all but that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(str(self))

    def __str__(self) -> str:
        return redact("".join(self))

    def __format__(self, _: str) -> str:
        return str(self)


def redact(text: str) -> str:
    """Hide the password of a URL."""
    return re.sub(r"(?<=://)([^@/\s]*:)[^@/\s]*@", rf"\1{HIDDEN}@", text)


def read(path: Path) -> str:
    """Give what a file holds, without the line's end that editors and `echo` leave there.

    Raises:
        ValueError: it cannot be read, or holds nothing.
    """
    try:
        content = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    if not content:
        raise ValueError("holds nothing")
    return content
