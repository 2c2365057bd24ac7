"""The contract's events for mappings: their fields, and the conversion of each field's values."""

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from models.contract.events import EVENT_TYPES, EVENTS, Event, Kind
from streams.mapping import conversions, times
from streams.mapping.conversions import Convert

#: Event types that occur once for each thing -> the fields that identify the thing. The `id` of an event is
#: made of them unless the mapping has an `id` of its own.
ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    "order.placed": ("order_id",),
    "order.line_placed": ("order_id", "line_id"),
    "order.cancelled": ("order_id",),
    "order.shipped": ("order_id",),
    "order.delivered": ("order_id",),
    "refund.requested": ("refund_id",),
    "refund.completed": ("refund_id",),
    "refund.rejected": ("refund_id",),
    "ticket.opened": ("ticket_id",),
    "review.removed": ("review_id",),
    "customer.erased": ("customer_id",),
    "customer.contacted": ("action_id",),
    "customer.merged": ("customer_id", "into"),
}


def _base(annotation: Any) -> Any:  # noqa: ANN401 - a type
    """Return the type of an annotation, without `None` and without bounds."""
    if get_origin(annotation) is Annotated:
        return _base(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return _base(next(one for one in get_args(annotation) if one is not NoneType))
    return get_origin(annotation) or annotation


_CONVERSIONS: Final[Mapping[Any, Convert]] = {
    str: conversions.text,
    Literal: conversions.text,
    int: conversions.integer,
    float: conversions.number,
    bool: conversions.boolean,
    datetime: times.instant,
    dict: conversions.variants,
}


def _fields(event_type: type[msgspec.Struct]) -> dict[str, Any]:
    return {one.name: _base(one.type) for one in msgspec.structs.fields(event_type)}


#: No number rests on an order's lines, so none is mapped.
_UNCOUNTED: Final = "items"
#: Event type -> field -> its type (`str`, `int`, `datetime`, …).
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    name: {field: about for field, about in _fields(event_type).items() if field != _UNCOUNTED}
    for name, event_type in EVENT_TYPES.items()
}
ALL_FIELDS: Final = frozenset().union(*FIELDS.values())
#: Event type -> required fields.
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(one.name for one in msgspec.structs.fields(event_type) if one.required)
    for name, event_type in EVENT_TYPES.items()
}


_DEFAULTED: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(
        one.name for one in msgspec.structs.fields(event_type) if not one.required and one.default is not None
    )
    for name, event_type in EVENT_TYPES.items()
}


#: Fields on a small scale of whole numbers.
_RATINGS: Final = frozenset({"rating", "score"})
#: Fields that are ids, beside those whose names end in `_id`.
_IDENTITIES: Final = frozenset({"id", "into", "referred_by"})


def has_default(event_type: str, name: str) -> bool:
    """Whether the field has a default other than None."""
    return name in _DEFAULTED[event_type]


def of_kind(kind: Kind) -> list[str]:
    """Return the event types of a topic of this kind."""
    return [name for name, event_type in EVENT_TYPES.items() if event_type in EVENTS[kind]]


def conversion(event_type: str, name: str) -> Convert:
    """Return the conversion to the type of a field."""
    if is_identity(name):
        return conversions.identity
    if name in _RATINGS:
        return conversions.rating
    if name == "attributes":
        return conversions.attributes
    return _CONVERSIONS[FIELDS[event_type][name]]


def is_identity(name: str) -> bool:
    """Return whether a field is the id of a customer, an order, an event or the like."""
    return name in _IDENTITIES or name.endswith("_id")


def is_time(event_type: str, name: str) -> bool:
    """Whether the field is a time."""
    return FIELDS[event_type][name] is datetime


def class_of(event_type: str) -> type[Event]:
    """Return the class of an event type."""
    return EVENT_TYPES[event_type]


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return a hint: the similar one of `names`, or all of them."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(sorted(names))}"
