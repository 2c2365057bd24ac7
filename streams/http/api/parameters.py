"""Query parameters become a question, or are refused with the name of the one at fault."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from models.definitions.definitions import Definitions
from models.definitions.windows import SHORT_WINDOWS
from models.metrics.catalogue import CATALOGUE
from models.query.parameters import CustomerQuery, OrderQuery, SeriesQuery, TicketQuery
from streams.http.api.problem_errors import Refusal, invalid
from streams.rollup.publisher import AS_OF, CAUGHT_UP

_Q = TypeVar("_Q", bound=Struct)

#: What `retention.metrics` has.
METRICS: Final = (*CATALOGUE, AS_OF, CAUGHT_UP)

_PATH: Final = re.compile(r" - at `\$\.(\w+)`")
_UNKNOWN: Final = re.compile(r"unknown field `(.*)`")
_SPAN: Final = re.compile(r"`str` matching regex .*")
_NAMED: Final = {"`int`": "a whole number", "`float`": "a number", "`bool`": "true or false"}


def read(kind: type[_Q], query: Iterable[tuple[str, str]], definitions: Definitions) -> _Q:
    """Make a question of query parameters.

    Args:
        kind: of question.
        query: names and values, as they came.
        definitions: name the windows that there are, and whether a model is fitted.

    Raises:
        Refusal: 400.
    """
    given: dict[str, str] = {}
    for name, value in query:
        if name in given:
            raise invalid(f"`{name}` is given twice", name)
        given[name] = "true" if value == "" and name in _flags(kind) else value
    try:
        question = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(error, kind, given) from None
    _CHECKS.get(kind, _nothing)(question, definitions)
    return question


@cache
def _flags(kind: type[Struct]) -> frozenset[str]:
    """Return the parameters that are true where they are named at all."""
    return frozenset(name for name, hint in get_type_hints(kind).items() if hint is bool)


def _explained(error: msgspec.ValidationError, kind: type[Struct], given: Mapping[str, str]) -> Refusal:
    message = str(error)
    if unknown := _UNKNOWN.search(message):
        names = ", ".join(sorted(kind.__struct_fields__))
        return invalid(f"there is no parameter `{unknown[1]}` here: there are {names}", unknown[1])
    found = _PATH.search(message)
    name = found[1] if found else None
    text = _SPAN.sub("minutes, hours or days such as 30m, 2h or 1d", _PATH.sub("", message))
    text = text.replace(", got `str`", "").replace(" | null`", "`")
    for python, plain in _NAMED.items():
        text = text.replace(python, plain)
    if choices := _choices(kind, name):
        text = f"expected one of {', '.join(choices)}"
    return invalid(f"`{name}` is {given.get(name or '', '')!r}: {text[:1].lower()}{text[1:]}", name)


def _choices(kind: type[Struct], name: str | None) -> tuple[str, ...]:
    hint = get_type_hints(kind).get(name or "")
    literals = [choice for choice in get_args(hint) if get_origin(choice) is Literal]
    return get_args(literals[0]) if literals else ()


def _nothing(_question: Struct, _definitions: Definitions) -> None:
    pass


def _customers(question: CustomerQuery, definitions: Definitions) -> None:
    if (question.set is None) != (question.window is None):
        raise invalid("`set` and `window` belong together", "window" if question.set else "set")
    _window(question.window, definitions.windows)
    if question.max_p_alive is not None and definitions.risk is None:
        raise invalid("no model has been fitted (docs/risk.md), so there is no p_alive", "max_p_alive")


def _tickets(question: TicketQuery, definitions: Definitions) -> None:
    if question.breached and question.due_within is not None:
        raise invalid("`breached` and `due_within` exclude each other", "due_within")
    if question.sla is not None and not question.breached and question.due_within is None:
        raise invalid("`sla` needs `breached` or `due_within`", "sla")
    if question.window is not None and not question.breached:
        raise invalid("`window` needs `breached`", "window")
    _window(question.window, (*(window.name for window in SHORT_WINDOWS), *definitions.windows))


def _orders(question: OrderQuery, _: Definitions) -> None:
    if not question.overdue:
        raise invalid("say which orders: `overdue`", "overdue")


def _series(question: SeriesQuery, definitions: Definitions) -> None:
    if question.metric is not None and question.metric not in METRICS:
        close = difflib.get_close_matches(question.metric, METRICS, n=3)
        hint = f": did you mean {' or '.join(close)}?" if close else ""
        raise invalid(f"there is no metric {question.metric!r}{hint}", "metric")
    _window(question.window, (*(window.name for window in SHORT_WINDOWS), *definitions.windows))


def _window(name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        raise invalid(f"`window` is {name!r}: there are {', '.join(known)}", "window")


_CHECKS: Final[dict[type[Struct], Any]] = {
    CustomerQuery: _customers,
    TicketQuery: _tickets,
    OrderQuery: _orders,
    SeriesQuery: _series,
}
