"""Secret values, hidden in logs and messages."""

import re
from pathlib import Path
from typing import Final

HIDDEN: Final = "***"
#: A user with a password, in a URL or an address. The password ends at the last `@` of the word, because it
#: may have characters that a valid URL would have escaped.
_PASSWORD: Final = re.compile(r"((?:^|(?<=://)|(?<=,))[^@/\s,:]*:)(?!//)(?:(?!://)\S)*@")


class Secret(str):
    """Text that `repr`, `str` and formatting hide, so that no log or message shows it.

    Encoding and joining it (`"".join(secret)`) return the text itself, for clients.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, _: str) -> str:
        return HIDDEN


class Address(Secret):
    """A URL that may hold a password, which printing hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(str(self))

    def __str__(self) -> str:
        return redact("".join(self))

    def __format__(self, _: str) -> str:
        return str(self)


def redact(text: str) -> str:
    """Return text with the passwords of its URLs and addresses hidden.

    Example:
        >>> redact("redis://shop:geheim@cache:6379"), redact("shop:geheim@kafka-2:9092")
        ('redis://shop:***@cache:6379', 'shop:***@kafka-2:9092')
    """
    return _PASSWORD.sub(rf"\1{HIDDEN}@", text)


def read(path: Path) -> str:
    """Return the content of a file, without the final line break that editors and `echo` add.

    Raises:
        ValueError: the file cannot be read, or is empty.
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
