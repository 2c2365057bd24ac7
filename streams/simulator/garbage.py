"""Invalid records: at least one for each reason to reject a record."""

from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from streams.simulator.engine import Event


def _changed(**fields: object) -> Callable[[Event], bytes]:
    return lambda event: msgspec.json.encode({**event, **fields})


def _without(field: str) -> Callable[[Event], bytes]:
    return lambda event: msgspec.json.encode({name: event[name] for name in event if name != field})


_ORDER: Final[Event] = {"type": "order.placed", "order_id": "o-bad", "amount": 1999, "currency": "USD"}
_DEFECTS: Final[tuple[Callable[[Event], bytes], ...]] = (
    lambda _: b"\x00\xff\xfe not json",
    lambda _: b"",
    lambda event: msgspec.json.encode(event)[:-7],
    _changed(type="order.teleported"),
    _changed(time="yesterday at noon"),
    _changed(time="2099-01-01T00:00:00Z"),
    _changed(type="order.shipped", order_id="o-bad", time="1970-01-01T00:00:01Z"),
    _changed(**{**_ORDER, "amount": -5}),
    _changed(**{**_ORDER, "currency": "XXX"}),
    _without("customer_id"),
)


def spoil(event: Event, random: Random) -> bytes:
    """Return an invalid record without line breaks.

    Args:
        event: a valid event, of which the record may be made.
        random: random generator.
    """
    return _DEFECTS[int(random.random() * len(_DEFECTS))](event)
