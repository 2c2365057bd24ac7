"""Validates query parameters. An error names the invalid parameter."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from models.definitions.definitions import Definitions
from models.definitions.windows import SHORT_WINDOWS
from models.metrics.catalogue import CATALOGUE
from models.query.parameters import (
    CohortQuery,
    CustomerQuery,
    OrderQuery,
    PeriodQuery,
    SeriesQuery,
    TicketQuery,
)
from streams.http.api import segment_parameter
from streams.http.api.problem_errors import ProblemError, bad_request
from streams.rollup.publisher import AS_OF, CAUGHT_UP

_Q = TypeVar("_Q", bound=Struct)

#: The metrics that `retention.metrics` contains.
METRICS: Final = (*CATALOGUE, AS_OF, CAUGHT_UP)

_PATH: Final = re.compile(r" - at `\$\.(\w+)`")
_UNKNOWN: Final = re.compile(r"unknown field `(.*)`")
_MISSING: Final = re.compile(r"missing required field `(.*)`")
_DURATION: Final = re.compile(r"`str` matching regex .*mhd.*")
_MONTH: Final = re.compile(r"`str` matching regex .*")
_LENGTH: Final = re.compile(r"`str` of length (>=|<=) (\d+)(?: \| null)?`?")
_BOUNDS: Final = {">=": "at least", "<=": "at most"}
_PLAIN_TYPES: Final = {"`int`": "a whole number", "`float`": "a number", "`bool`": "true or false"}


def read(kind: type[_Q], query: Iterable[tuple[str, str]], definitions: Definitions) -> _Q:
    """Return validated query parameters.

    Args:
        kind: class of the parameters.
        query: names and values from the URL.
        definitions: the configured windows and the risk model.

    Raises:
        ProblemError: 400: a parameter is unknown or invalid, or occurs twice.
    """
    values: dict[str, str] = {}
    for name, value in query:
        if name in values:
            raise bad_request(f"parameter `{name}` occurs twice", name)
        values[name] = "true" if value == "" and name in _flags(kind) else value
    try:
        parameters = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _problem_of(error, kind, values) from None
    if kind in _CHECKS:
        _CHECKS[kind](parameters, definitions)
    return parameters


@cache
def _flags(kind: type[Struct]) -> frozenset[str]:
    """Return the boolean parameters, which are true without a value."""
    return frozenset(name for name, hint in get_type_hints(kind).items() if hint is bool)


def _problem_of(
    error: msgspec.ValidationError, kind: type[Struct], values: Mapping[str, str]
) -> ProblemError:
    message = str(error)
    if unknown := _UNKNOWN.search(message):
        names = ", ".join(sorted(kind.__struct_encode_fields__))
        return bad_request(f"unknown parameter `{unknown[1]}`; known here: {names}", unknown[1])
    if missing := _MISSING.search(message):
        known = ", ".join(_choices(kind, missing[1]))
        expected = f"expected one of {known}" if known else _description(kind, missing[1])
        return bad_request(f"parameter `{missing[1]}` is missing: {expected}", missing[1])
    found = _PATH.search(message)
    name = found[1] if found else None
    text = _DURATION.sub("minutes, hours or days such as 30m, 2h or 1d", _PATH.sub("", message))
    text = _MONTH.sub("a month such as 2026-05", text)
    text = _LENGTH.sub(lambda found: f"a text with a length of {_BOUNDS[found[1]]} {found[2]}", text)
    text = text.replace(", got `str`", "").replace(" | null`", "`")
    for python, plain in _PLAIN_TYPES.items():
        text = text.replace(python, plain)
    if choices := _choices(kind, name):
        text = f"expected one of {', '.join(choices)}"
    return bad_request(f"`{name}` is {values.get(name or '', '')!r}: {text[:1].lower()}{text[1:]}", name)


def _description(kind: type[Struct], name: str) -> str:
    """Return the description of a parameter in OpenAPI, without its full stop."""
    found = get_type_hints(kind, include_extras=True)[name].__metadata__[0].description
    return f"{found[:1].lower()}{found[1:]}".removesuffix(".")


def _choices(kind: type[Struct], name: str | None) -> tuple[str, ...]:
    hint = get_type_hints(kind).get(name or "")
    literals = [choice for choice in (hint, *get_args(hint)) if get_origin(choice) is Literal]
    return get_args(literals[0]) if literals else ()


def _customers(query: CustomerQuery, definitions: Definitions) -> None:
    if (query.set is None) != (query.window is None):
        raise bad_request("`set` and `window` require each other", "window" if query.set else "set")
    if query.tenure is not None and query.window is None:
        raise bad_request("`tenure` requires `set` and `window`", "window")
    _window(query.window, definitions.windows)
    segment_parameter.check(query.segment, definitions, "customer")
    if query.max_p_alive is not None and definitions.risk is None:
        raise bad_request("`max_p_alive` requires a fitted model (docs/risk.md)", "max_p_alive")
    _cohort(query, definitions)


def _cohort(query: CustomerQuery, definitions: Definitions) -> None:
    if query.cohort is None and query.age is not None:
        raise bad_request("`age` requires `cohort`", "cohort")
    if (query.age is None) != (query.kind is None):
        raise bad_request("`age` and `kind` require each other", "kind" if query.kind is None else "age")
    if query.hit is not None and query.age is None:
        raise bad_request("`hit` requires `age` and `kind`", "age")
    cohorts = definitions.cohorts
    if query.cohort is not None and cohorts is None:
        raise bad_request("`cohort` requires a table `[cohorts]` in the configuration", "cohort")
    if query.age is not None and cohorts is not None and query.age >= len(cohorts.ends):
        raise bad_request(f"`age` is {query.age}: the last period is {len(cohorts.ends) - 1}", "age")


def _cohorts(query: CohortQuery, definitions: Definitions) -> None:
    if definitions.cohorts is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "cohorts require a table `[cohorts]` in the configuration")
    if query.first is not None and query.last is not None and query.first > query.last:
        raise bad_request(f"`from` is {query.first!r}, later than `to`", "from")
    segment_parameter.check(query.segment, definitions, "customer")


def _periods(query: PeriodQuery, definitions: Definitions) -> None:
    kinds = definitions.periods.kinds
    if not kinds:
        detail = "periods require `kinds` in the table `[periods]` of the configuration"
        raise ProblemError(HTTPStatus.NOT_FOUND, detail)
    if query.kind is not None and query.kind not in kinds:
        detail = f"`kind` is {query.kind!r}; `kinds` in the table `[periods]` has {', '.join(kinds)}"
        raise bad_request(detail, "kind")


def _tickets(query: TicketQuery, definitions: Definitions) -> None:
    segment_parameter.check(query.segment, definitions, "customer", "ticket")
    if query.breached and query.due_within is not None:
        raise bad_request("`breached` and `due_within` exclude each other", "due_within")
    if query.sla is not None and not query.breached and query.due_within is None:
        raise bad_request("`sla` requires `breached` or `due_within`", "sla")
    if query.window is not None and not query.breached:
        raise bad_request("`window` requires `breached`", "window")
    _window(query.window, (*(window.name for window in SHORT_WINDOWS), *definitions.windows))


def _orders(query: OrderQuery, definitions: Definitions) -> None:
    segment_parameter.check(query.segment, definitions, "customer", "order")
    if not query.overdue and query.refunded is None:
        raise bad_request("parameter `overdue` or `refunded` is missing", "overdue")
    if (query.refunded is None) != (query.window is None):
        raise bad_request(
            "`refunded` and `window` require each other", "window" if query.refunded else "refunded"
        )
    _window(query.window, definitions.windows)


def _series(query: SeriesQuery, definitions: Definitions) -> None:
    if query.metric is not None and query.metric not in METRICS:
        close = difflib.get_close_matches(query.metric, METRICS, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise bad_request(f"unknown metric {query.metric!r}{hint}", "metric")
    _window(query.window, (*(window.name for window in SHORT_WINDOWS), *definitions.windows))


def _window(name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        raise bad_request(f"`window` is {name!r}: expected one of {', '.join(known)}", "window")


_CHECKS: Final[dict[type[Struct], Any]] = {
    CustomerQuery: _customers,
    TicketQuery: _tickets,
    OrderQuery: _orders,
    SeriesQuery: _series,
    CohortQuery: _cohorts,
    PeriodQuery: _periods,
}
