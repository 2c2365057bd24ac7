"""Foreign text for terminals, without control characters."""


def printable(text: str) -> str:
    r"""Return a foreign text with a dot for each control character, which a terminal would interpret.

    Example:
        >>> printable("a\x1b[31m")
        'a·[31m'
    """
    return "".join(one if one.isprintable() or one == "\n" else "\N{MIDDLE DOT}" for one in text)


def printable_line(text: str) -> str:
    r"""Return a foreign text as `printable`, in one line: its line ends would make lines of their own.

    Example:
        >>> printable_line("a\nb")
        'a·b'
    """
    return printable(text).replace("\n", "\N{MIDDLE DOT}")
