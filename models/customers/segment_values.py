"""The values of customers, orders and tickets by which segments divide them (docs/metrics.md, "Segments")."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from models.customers.customer import Customer
from models.customers.overlaps import Interval
from models.definitions.definitions import Definitions
from models.definitions.names import UNKNOWN
from models.definitions.segments import Segment
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR
from models.entities.orders import Order
from models.entities.ticket_corrections import latest_fields
from models.entities.tickets import Ticket
from models.facts.attributes import AttributeValue
from models.facts.claims import CustomerUpdated, Opened, PlacingClaim, TicketClaim, rank
from models.facts.control import SupersededAttributes
from models.facts.details import ATTRIBUTES, COUPON, Details
from models.facts.origins import id_with_origin


class ValueChange(NamedTuple):
    """A change of a customer's value of a segment.

    Attributes:
        since: time from which on the value holds, microseconds since the epoch.
        value: the value, one of the segment's labels.
    """

    since: int
    value: str


#: The values of one customer for one segment, ascending. Before the first change the value is `unknown`.
ValueChanges = tuple[ValueChange, ...]


def value_at(changes: ValueChanges, time: int) -> str:
    """Return a customer's value at a time (microseconds since the epoch)."""
    at = bisect_right(changes, time, key=_since)
    return changes[at - 1].value if at else UNKNOWN


def hour_intervals(changes: ValueChanges) -> list[tuple[str, Interval]]:
    """Return the values of a customer, each with the event hours at whose end it is the latest."""
    starts = [(UNKNOWN, -NEVER_HOUR)]
    for since, value in changes:
        at = since // US_PER_HOUR
        if starts[-1][1] == at:
            starts.pop()
        if starts[-1][0] != value:
            starts.append((value, at))
    ends = [*(at for _, at in starts[1:]), NEVER_HOUR]
    return [(value, (at, end)) for (value, at), end in zip(starts, ends, strict=True)]


class SegmentValues:
    """Derives the values of customers, orders and tickets.

    Args:
        definitions: the shop's definitions, with segments.

    Attributes:
        customers: the segments of customers, in the order of the configuration.
        orders: the segments of orders.
        tickets: the segments of tickets.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.customers, self.orders, self.tickets = [
            tuple(segment for segment in definitions.segments if segment.subject == subject)
            for subject in ("customer", "order", "ticket")
        ]

    def of_customer(self, customer: Customer) -> tuple[ValueChanges, ...]:
        """Return the values of a customer for each segment of customers, as they were applied.

        The first call derives them from the facts. `models.customers.segments` replaces them after a change.
        """
        if customer.segment_changes is None:
            customer.segment_changes = self.derive(customer)
        return customer.segment_changes

    def derive(self, customer: Customer) -> tuple[ValueChanges, ...]:
        """Return the values of a customer for each segment of customers, by the facts as they are."""
        attributes = attribute_values(customer)
        return tuple(
            _changes(
                segment,
                [(each.at, each.value) for each in attributes.get(segment.field, ())]
                if segment.field is not None
                else _first_order_values(customer, segment.origin),
            )
            for segment in self.customers
        )

    def of_order(self, customer: Customer, order: Order) -> tuple[str, ...]:
        """Return the value of an order for each segment of orders."""
        details = customer.facts.details.get((order.time, order.id), {})
        return tuple(
            segment.label_of(details.get(COUPON) if segment.field is None else _text(details, segment.field))
            for segment in self.orders
        )

    def of_ticket(self, _: Customer, ticket: Ticket) -> tuple[str, ...]:
        """Return the value of a ticket for each segment of tickets."""
        return ticket.segments

    def of_claims(self, customer: Customer, claims: Sequence[TicketClaim]) -> tuple[str, ...]:
        """Return the value of a ticket for each segment of tickets, by its claims. One of them opens it."""
        opened = min((claim for claim in claims if isinstance(claim, Opened)), key=rank)
        details = customer.facts.details.get((opened.time, opened.id), {})
        fields = latest_fields(claims)
        own = {"team": fields.team, "category": fields.category}
        return tuple(
            segment.label_of(
                own[segment.origin or ""] if segment.field is None else _text(details, segment.field)
            )
            for segment in self.tickets
        )


def _since(change: ValueChange) -> int:
    return change.since


def _changes(segment: Segment, values: Iterable[tuple[int, str | None]]) -> ValueChanges:
    """Return the changes that some values make, which are pairs of a time and a text, ascending."""
    found: list[ValueChange] = []
    for since, text in values:
        value = segment.label_of(text)
        if found and found[-1].since == since:
            found.pop()
        if value != (found[-1].value if found else UNKNOWN):
            found.append(ValueChange(since, value))
    return tuple(found)


def _text(details: Details, field: str) -> str | None:
    attributes: dict[str, str | None] = details.get(ATTRIBUTES, {})
    return attributes.get(field)


def attribute_values(customer: Customer) -> Mapping[str, list[AttributeValue]]:
    """Return attribute -> its values over time, ascending, of those that the customer ever had."""
    facts, identity = customer.facts, customer.key.decode()
    sources = [
        (kept.at, kept.event, kept.values)
        for kept in facts.kept_attributes
        if not isinstance(kept, SupersededAttributes)
    ]
    for claim in facts.customer_claims:
        if type(claim) is CustomerUpdated:
            details = facts.details.get((claim.time, claim.id), {})
            sources.append((claim.time, claim.id, details.get(ATTRIBUTES, {})))
    found: dict[str, list[AttributeValue]] = {}
    for at, event, values in sources:
        named = id_with_origin(event, identity)
        for name, text in values.items():
            found.setdefault(name, []).append(AttributeValue.of(at, named, text))
    for known in found.values():
        known.sort()
    return found


def _first_order_values(customer: Customer, origin: str | None) -> list[tuple[int, str | None]]:
    """Return the value that the customer's first order gives, with the order's time."""
    history = customer.order_history
    if history.kept is not None:
        kept = history.kept
        at, channel, is_referred = kept.at, kept.channel, kept.referrer
    elif history:
        first = history[0]
        at, channel, is_referred = first.time, first.channel, _names_referrer(customer, first.time, first.id)
    else:
        return []
    if origin == "referred":
        return [(at, "yes" if is_referred else "no")]
    return [(at, None if channel == UNKNOWN else channel)]


def _names_referrer(customer: Customer, time: int, event: str) -> bool:
    """Return whether the event that begins an order names a referrer, also an own identity or an erased one.

    The first order is one of the first that the log has, so the search is short.
    """
    for claims in customer.facts.orders.values():
        for claim in claims:
            if isinstance(claim, PlacingClaim) and (claim.time, claim.id) == (time, event):
                return claim.referrer is not None
    return False
