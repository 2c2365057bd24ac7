"""The details of an event: fields that no metric uses yet, kept for later and for explanations.

docs/metrics.md, "What is kept". Details lie in the fact beside the claim, and only if the event has any, so
that an event without them takes no space for them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from models.contract import events
from models.contract.events import Event, Item

#: Fields of events that are kept as details. A detail is stored under its position here: append only.
DETAIL_FIELDS: Final = (
    "items",
    "coupon",
    "payment_method",
    "reason",
    "order_id",
    "ticket_id",
    "cart_id",
    "sku",
    "quantity",
    "platform",
    "to",
    "amount",
    "attributes",
)
#: Position of the order that a review is about.
ORDER_ID: Final = DETAIL_FIELDS.index("order_id")
#: Position of the ticket that an answer is about.
TICKET_ID: Final = DETAIL_FIELDS.index("ticket_id")
COUPON: Final = DETAIL_FIELDS.index("coupon")
ATTRIBUTES: Final = DETAIL_FIELDS.index("attributes")
#: Position in `DETAIL_FIELDS` -> value. Items are arrays of sku, quantity and amount.
Details = dict[int, Any]

#: Longest text that is kept, characters, and largest number of items: no event makes a row that is too large.
MAX_TEXT: Final = 128
MAX_ITEMS: Final = 100

_KEPT: Final[Mapping[type[Event], tuple[str, ...]]] = {
    events.OrderPlaced: ("items", "coupon", "payment_method", "attributes"),
    events.OrderLinePlaced: ("sku", "quantity", "coupon", "payment_method", "attributes"),
    events.OrderCancelled: ("reason",),
    events.PaymentFailed: ("cart_id", "order_id"),
    events.StockMissed: ("sku",),
    events.RefundRequested: ("reason", "amount"),
    events.RefundReversed: ("reason",),
    events.TicketOpened: ("order_id", "attributes"),
    events.TicketTransferred: ("to",),
    events.TicketWithdrawn: ("reason",),
    events.ReviewSubmitted: ("sku", "order_id"),
    events.SurveyAnswered: ("ticket_id", "order_id"),
    events.ExperienceShared: ("platform",),
    events.CustomerUpdated: ("attributes",),
}
_FIELDS_OF: Final = {
    event: tuple((DETAIL_FIELDS.index(name), name) for name in names) for event, names in _KEPT.items()
}
_ITEMS: Final = DETAIL_FIELDS.index("items")


def details_of(event: Event) -> Details | None:
    """Return the details of an event, None if it has none.

    Texts are cut at `MAX_TEXT` characters, items at `MAX_ITEMS`.
    """
    details: Details | None = None
    for position, name in _FIELDS_OF.get(type(event), ()):
        value = getattr(event, name)
        if isinstance(value, dict) and type(event) is not events.CustomerUpdated:
            value = {attribute: text for attribute, text in value.items() if text is not None}
        if value is not None and value not in ([], {}):
            if details is None:
                details = {}
            details[position] = _stored(value)
    return details


def _stored(value: str | float | list[Item] | dict[str, str | None]) -> object:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return [(item.sku, _number(item.quantity), item.amount) for item in value[:MAX_ITEMS]]
    return _number(value)


def _number(value: float) -> float:
    """Return a whole number as an integer, which takes fewer bytes."""
    return int(value) if value == int(value) else value


def detail_fields(details: Details | None) -> Iterator[tuple[str, Any]]:
    """Yield details as pairs of the event's field and its value."""
    for position, value in (details or {}).items():
        yield DETAIL_FIELDS[position], _items(value) if position == _ITEMS else value


def _items(stored: Iterable[Iterable[object]]) -> list[dict[str, object]]:
    return [dict(zip(("sku", "quantity", "amount"), item, strict=True)) for item in stored]
