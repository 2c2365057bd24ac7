"""A customer, and what the customer's known events say of orders and refunds."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from tests.oracle.values import Event, claim, first, last, microseconds, what_holds

#: Event types that place an order.
PLACING = ("order.placed", "order.line_placed")


@dataclass(eq=False)
class Order:
    """An order: the event that begins it, the events about it, and its completed refunds.

    Attributes:
        placed: the winning `order.placed`, or the line that begins the order, with the sum as its amount.
        cancelled: whether a cancellation holds.
    """

    placed: Event
    amended: list[Event]
    cancelled: bool
    delivered: list[Event]
    refunds: list[Event]

    @property
    def at(self) -> int:
        """Return the time of the order, microseconds."""
        return self.placed["at"]

    @property
    def currency(self) -> str:
        """Return the currency of the amount and of the refunds."""
        return self.placed["currency"]

    @cached_property
    def amount(self) -> int:
        """Return the amount in minor units: "its latest amendment, else as placed"."""
        return (last(self.amended) or self.placed)["amount"]

    @cached_property
    def refunded(self) -> int:
        """Return "the sum of its completed refunds", minor units."""
        return sum(refund["amount"] for refund in self.refunds)

    @property
    def fully_refunded(self) -> bool:
        """Return whether "refunded > 0 and >= amount"."""
        return self.refunded > 0 and self.refunded >= self.amount

    @cached_property
    def qualifies(self) -> bool:
        """Return whether the order qualifies (Q): "neither cancelled nor fully refunded"."""
        return not self.cancelled and not self.fully_refunded

    @property
    def net(self) -> int:
        """Return the net in minor units: "amount - refunded, at least 0"."""
        return max(0, self.amount - self.refunded)

    @property
    def promised_at(self) -> int | None:
        """Return the promised delivery time, microseconds; None without a promise."""
        return microseconds(self.placed["promised_at"]) if self.placed.get("promised_at") else None

    @property
    def delivered_at(self) -> int | None:
        """Return the delivery time, "the earliest `order.delivered`", microseconds; None without one."""
        return min((event["at"] for event in self.delivered), default=None)

    @property
    def was_late(self) -> bool:
        """Return whether it was "delivered after promised_at, whatever became of the order"."""
        if self.promised_at is None or self.delivered_at is None:
            return False
        return self.delivered_at > self.promised_at


@dataclass
class Refund:
    """A refund: the events that hold, each None if the order that it names is not known.

    Attributes:
        reversed: the reversal, if it holds and not the completion.
    """

    requested: Event | None
    completed: Event | None
    rejected: Event | None
    reversed: Event | None

    @property
    def is_rejected(self) -> bool:
        """Return whether the refund has "a rejection and no completion", and is not reversed."""
        return self.rejected is not None and self.completed is None and self.reversed is None

    @property
    def is_open(self) -> bool:
        """Return whether it is "requested, undecided"."""
        decided = self.completed or self.rejected or self.reversed
        return self.requested is not None and decided is None


class Customer:
    """A customer: the known events of all ids that merges connect.

    Attributes:
        kept: the first order beyond the horizon, None without one.
        old_updates: the `customer.updated` beyond the horizon.
    """

    def __init__(
        self,
        name: str,
        events: list[Event],
        kept: Event | None = None,
        old_updates: list[Event] | None = None,
    ) -> None:
        self.name = name
        self.events = sorted(events, key=claim)
        self.kept = kept
        self.old_updates = old_updates or []
        self._by_type: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            self._by_type[event["type"]].append(event)

    def of(self, *types: str) -> list[Event]:
        """Return the events of these types."""
        return [event for kind in types for event in self._by_type.get(kind, ())]

    def about(self, field: str, *types: str) -> dict[str, list[Event]]:
        """Return the events of these types by the entity id in `field`."""
        things: dict[str, list[Event]] = defaultdict(list)
        for kind in types:
            for event in self._by_type.get(kind, ()):
                if event.get(field) is not None:
                    things[event[field]].append(event)
        return things

    def attribute(self, name: str, time: int) -> str | None:
        """Return the value of an attribute at a time, microseconds; None without one.

        "That of the latest event up to t that has it; before the first it is `unknown`." "Null removes one."

        Decided: of several contents beyond the horizon with one claim, the one with the largest value counts.
        """
        updates = [*self.old_updates, *self.of("customer.updated")]
        naming = [event for event in updates if event["at"] <= time and name in event["attributes"]]
        ranked = [(claim(event), event["attributes"][name] or "", event) for event in naming]
        latest = max(ranked, key=lambda one: one[:2], default=None)
        return latest[-1]["attributes"][name] if latest else None

    @cached_property
    def beginnings(self) -> dict[str, Event]:
        """Return order id -> the event that begins the order, with the order's amount.

        "Where two events claim one thing (two `order.placed` of one `order_id`), the smallest counts." "If
        the order has an `order.placed`, the lines are its items and change no number."
        """
        placed = {
            key: min(claims, key=claim) for key, claims in self.about("order_id", "order.placed").items()
        }
        lines = self.about("order_id", "order.line_placed")
        summed = {key: whole for key, parts in lines.items() if (whole := sum_of_lines(parts))}
        return summed | placed

    @cached_property
    def conversions(self) -> dict[str, list[Event]]:
        """Return cart -> the events that convert it: "any `order.placed` names it, even one outdone".

        Decided: a line converts a cart only if it begins an order, whose cart is that line's.
        """
        named = self.about("cart_id", "order.placed")
        for event in self.beginnings.values():
            if event["type"] == "order.line_placed" and event.get("cart_id") is not None:
                named[event["cart_id"]].append(event)
        return named

    @cached_property
    def refunds(self) -> list[Refund]:
        """Return the refunds. Of events with one type and `refund_id`, the smallest claim counts.

        "Completed, if the completion holds. *Reversed* if the reversal holds and the order that it names is
        known."

        Decided: the winner is found first, then it waits for the order that it names ("a refund belongs to
        the order its winning event names"). Request and rejection each have their own winner.
        """
        requested = self.about("refund_id", "refund.requested")
        rejected = self.about("refund_id", "refund.rejected")
        paid = self.about("refund_id", "refund.completed", "refund.reversed")

        def of_known_order(event: Event | None, kind: str) -> Event | None:
            is_known = event is not None and event["order_id"] in self.beginnings
            return event if is_known and event["type"] == kind else None

        return [
            Refund(
                requested=of_known_order(first(requested[refund]), "refund.requested"),
                completed=of_known_order(what_holds(paid[refund]), "refund.completed"),
                rejected=of_known_order(first(rejected[refund]), "refund.rejected"),
                reversed=of_known_order(what_holds(paid[refund]), "refund.reversed"),
            )
            for refund in {*requested, *rejected, *paid}
        ]

    @cached_property
    def orders(self) -> list[Order]:
        """Return the known orders, earliest first.

        "What names an order that is not known waits for it, and counts for nothing until then."
        """
        amended = self.about("order_id", "order.amended")
        cancelled = self.about("order_id", "order.cancelled", "order.restored")
        delivered = self.about("order_id", "order.delivered")
        completed = defaultdict(list)
        for refund in self.refunds:
            if refund.completed:
                completed[refund.completed["order_id"]].append(refund.completed)
        orders = [
            Order(placed, amended[key], is_cancelled(cancelled[key]), delivered[key], completed[key])
            for key, placed in self.beginnings.items()
        ]
        return sorted(orders, key=lambda order: claim(order.placed))

    @cached_property
    def qualifying(self) -> list[Order]:
        """Return the Q orders, earliest first."""
        return [order for order in self.orders if order.qualifies]

    @property
    def first_order(self) -> Event | None:
        """Return the event of the first order: "the kept one, else the first known qualifying order"."""
        return self.kept or (self.qualifying[0].placed if self.qualifying else None)

    @property
    def repeats(self) -> list[Order]:
        """Return the Q orders "other than the first"."""
        return self.qualifying if self.kept else self.qualifying[1:]


def is_cancelled(events: list[Event]) -> bool:
    """Return whether the cancellation holds."""
    held = what_holds(events)
    return held is not None and held["type"] == "order.cancelled"


def sum_of_lines(lines: list[Event]) -> Event | None:
    """Return the line that begins an order, with the order's amount; None without such a line.

    "The order begins with its smallest line of amount >= 0", "its amount is the sum over `line_id` of each
    one's latest amount, at least 0, of the lines in that line's currency".
    """
    begin = first([line for line in lines if line["amount"] >= 0])
    if begin is None:
        return None
    same = [line for line in sorted(lines, key=claim) if line["currency"] == begin["currency"]]
    latest = {line["line_id"]: line["amount"] for line in same}
    return begin | {"amount": max(0, sum(latest.values()))}
