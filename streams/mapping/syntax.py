"""JMESPath's syntax: parsed by the library (`jmespath`), with errors that name the problem and its place.

The library checks functions only when they are called. A misspelt function would be nothing for every record,
and a condition with it would never hold. Names and numbers of arguments are therefore checked here.
"""

import difflib
from collections.abc import Iterator
from typing import Any, Final, cast

import jmespath
from jmespath.exceptions import IncompleteExpressionError, JMESPathError, LexerError, ParseError
from jmespath.functions import Functions

#: Function -> its number of arguments, and whether it accepts more.
_FUNCTIONS: Final[dict[str, tuple[int, bool]]] = {
    name: (len(function["signature"]), any(one.get("variadic") for one in function["signature"]))
    for name, function in cast("dict[str, Any]", Functions.FUNCTION_TABLE).items()
}
_QUOTES: Final = ("'", '"', "`")


def tree(text: str) -> dict[str, Any]:
    """Return the syntax tree of an expression.

    Raises:
        ValueError: the text is not JMESPath; the message names the expression and the position.
    """
    if not text.strip():
        raise ValueError("an empty path names nothing")
    try:
        parsed = cast("dict[str, Any]", jmespath.compile(text).parsed)
    except JMESPathError as error:
        raise ValueError(f"{text!r} is no JMESPath expression: {_problem(text, error)}") from None
    for function in _functions(parsed):
        if problem := _misuse(function):
            raise ValueError(f"{text!r} is no JMESPath expression: {problem}")
    return parsed


def _problem(text: str, error: JMESPathError) -> str:
    if not isinstance(error, ParseError) or isinstance(error, IncompleteExpressionError):
        return "something is missing at its end"
    at = error.lex_position
    found = text[at : at + 1] if isinstance(error, LexerError) else str(error.token_value)
    if not found:
        return "something is missing at its end"
    if isinstance(error, LexerError) and found in _QUOTES:
        return f"the {found} at character {at + 1} is not closed"
    hint = _hint(found) if isinstance(error, LexerError) else ""
    return f"{found} at character {at + 1} does not belong there{hint}"


def _hint(character: str) -> str:
    if character == "=":
        return "; what is equal is written =="
    return '; a name with more than letters, digits and _ in it is written "in-quotes"'


def _functions(parsed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if parsed["type"] == "function_expression":
        yield parsed
    for child in parsed["children"]:
        if isinstance(child, dict):
            yield from _functions(child)


def _misuse(function: dict[str, Any]) -> str:
    """Return the error of a call; None if the call is valid."""
    name, given = function["value"], len(function["children"])
    if name not in _FUNCTIONS:
        close = difflib.get_close_matches(name, _FUNCTIONS, n=1)
        return f"there is no function {name}" + (f"; did you mean {close[0]}?" if close else "")
    wanted, more = _FUNCTIONS[name]
    if given == wanted or (more and given > wanted):
        return ""
    return f"{name} takes {wanted}{' or more' if more else ''} in its brackets, not {given}"
