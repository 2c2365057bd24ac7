"""The fields of every event, and the types of event fields (docs/metrics.md, "Events").

The types below decide whether a record is valid. Rules that span two fields are in `__post_init__` of rare
events.

Details that the definition leaves open:

- An optional field may be absent or `null`.
- RFC 3339 allows a space for the `T` (5.6) and lower case; both are accepted. A leap second (`:60`) is
  rejected, because microseconds since the epoch cannot represent it. Digits beyond microseconds are rounded.
- `1e3` and `1.0` are not integers.
- An item's amount may be negative (a discount line), its quantity a fraction (sold by weight).
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Time = Annotated[datetime, Meta(tz=True)]
#: Integer minor units. The bound, a hundred billion dollars, rejects amounts that no sale has, and keeps the
#: sum of 900,000 of the largest within 64 bits.
Amount = Annotated[int, Meta(ge=0, le=10**13)]
#: Integer minor units of one line of an order, negative for a discount or a return.
SignedAmount = Annotated[int, Meta(ge=-(10**13), le=10**13)]
#: Number of pieces, or a weight.
Quantity = Annotated[float, Meta(ge=0)]
#: Only the length is checked here, because a pattern costs as much as all other fields together. An unknown
#: currency has no rate, and is rejected by `models.facts.from_events`.
Currency = Annotated[str, Meta(min_length=3, max_length=3)]

#: Experiment -> variant that the customer saw. Variants are stored with their event, so their number is
#: bounded: one event with a megabyte of them would make a row that cannot be written.
Experiments = Annotated[dict[Id, Annotated[str, Meta(max_length=128)]], Meta(max_length=64)]

#: Name of an attribute -> its value; None removes it from a customer.
Attributes = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], Annotated[str, Meta(max_length=64)] | None],
    Meta(max_length=16),
]

Kind = Literal["orders", "refunds", "tickets", "reviews", "customers"]


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The fields of every event.

    Attributes:
        expires: whether events of the class leave the state past the horizon. Merges and erasures do not.
        advances_clock: whether events of the class advance the clock of the `event` mode. Those of
            `customer.*` do not.
        id: id of the event. A second event of the customer with this id is a duplicate.
        time: event time.
        customer_id: id of the customer.
        channel: channel by which the customer came.
        experiments: experiment -> variant that the customer saw.
    """

    expires: ClassVar[bool] = True
    advances_clock: ClassVar[bool] = True

    id: Id
    time: Time
    customer_id: Id
    channel: str | None = None
    experiments: Experiments | None = None
