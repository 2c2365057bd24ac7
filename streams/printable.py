"""Text of others, for terminals: no control character of it reaches them."""


def printable(text: str) -> str:
    r"""Return text of others with a dot for each control character, which a terminal would interpret.

    Example:
        >>> printable("a\x1b[31m")
        'a·[31m'
    """
    return "".join(one if one.isprintable() or one == "\n" else "\N{MIDDLE DOT}" for one in text)


def printable_line(text: str) -> str:
    r"""Return text of others as `printable`, in one line: a line end would make a line of its own of it.

    Example:
        >>> printable_line("a\nb")
        'a·b'
    """
    return printable(text).replace("\n", "\N{MIDDLE DOT}")
