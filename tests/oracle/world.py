"""The events that count at `now`, by customer, and the entities that they are about."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

Event = dict[str, Any]
Paragraph = Iterator[tuple[str, dict[str, str], "Expected"]]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
MINUTE = 60_000_000
QUANTILES = ("0.5", "0.9", "0.95", "0.99")
PRIORITIES = ("low", "normal", "high", "urgent")
RESOLVED = ("solved", "closed")
MINUTE_WINDOWS = {"1h": 60, "24h": 1440}
YEAR = 8760

#: Currency -> number of decimals in ISO 4217, for currencies whose number is not 2.
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "JOD": 3, "KWD": 3, "TND": 3}


@dataclass(frozen=True)
class Expected:
    """The value of a series; a ratio also has its numerator and denominator."""

    value: float
    numerator: float | None = None
    denominator: float | None = None


def ratio(numerator: float | Fraction, denominator: float | Fraction) -> Expected:
    """Return a ratio. A denominator of 0 makes it NaN, never 0."""
    value = float(Fraction(numerator) / Fraction(denominator)) if denominator else math.nan
    return Expected(value, float(numerator), float(denominator))


def mean(values: list[Any]) -> Expected:
    """Return the exact mean, NaN without values."""
    return Expected(float(sum(map(Fraction, values)) / len(values)) if values else math.nan)


def quantiles(durations: list[int]) -> Iterator[tuple[str, Expected]]:
    """Yield each quantile in seconds: "the value at rank floor(q x (n - 1)) of the sorted durations".

    Args:
        durations: microseconds.
    """
    ranked = sorted(durations)
    for q in QUANTILES:
        rank = math.floor(Fraction(q) * (len(ranked) - 1))
        yield q, Expected(ranked[rank] / 1e6 if ranked else math.nan)


def microseconds(text: str) -> int:
    """Return an RFC 3339 time as integer microseconds since the epoch."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def hour(time: int) -> int:
    """Return the event hour: `hour(t) = floor(unix_seconds(t) / 3600)`."""
    return time // HOUR


def claim(event: Event) -> tuple[int, str]:
    """Return the rank between two events that claim one thing: (`time`, `id`)."""
    return event["at"], event["id"]


def first(events: list[Event]) -> Event | None:
    """Return the event with the smallest (`time`, `id`), None without events."""
    return min(events, key=claim, default=None)


def last(events: list[Event]) -> Event | None:
    """Return the event with the largest (`time`, `id`), None without events."""
    return max(events, key=claim, default=None)


def elapsed(start: int, end: int) -> int:
    """Return a duration. "Durations below zero count as zero." """
    return max(0, end - start)


@dataclass
class Order:
    """An order: the winning `order.placed`, the events about it, and its completed refunds."""

    placed: Event
    amended: list[Event]
    cancelled: list[Event]
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
    def is_cancelled(self) -> bool:
        """Return whether the order has "any `order.cancelled`"."""
        return bool(self.cancelled)

    @property
    def fully_refunded(self) -> bool:
        """Return whether "refunded > 0 and >= amount"."""
        return self.refunded > 0 and self.refunded >= self.amount

    @cached_property
    def qualifies(self) -> bool:
        """Return whether the order qualifies (Q): "neither cancelled nor fully refunded"."""
        return not self.is_cancelled and not self.fully_refunded

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
    """A refund: the winning events, each None if the order that it names is not known."""

    requested: Event | None
    completed: Event | None
    rejected: Event | None


class Customer:
    """A customer: the known events of all ids that merges connect."""

    def __init__(self, name: str, events: list[Event]) -> None:
        self.name = name
        self.events = sorted(events, key=claim)
        self._by_type: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            self._by_type[event["type"]].append(event)

    def of(self, *types: str) -> list[Event]:
        """Return the events of these types."""
        return [event for kind in types for event in self._by_type.get(kind, [])]

    def about(self, field: str, *types: str) -> dict[str, list[Event]]:
        """Return the events of these types by the entity id in `field`."""
        things: dict[str, list[Event]] = defaultdict(list)
        for event in self.of(*types):
            if event.get(field) is not None:
                things[event[field]].append(event)
        return things

    @cached_property
    def refunds(self) -> list[Refund]:
        """Return the refunds. Of events with one type and `refund_id`, the smallest (`time`, `id`) counts.

        Decided: the winner is found first, then it waits for the order that it names ("a refund belongs to
        the order its winning event names"). Request, rejection and completion each have their own winner.
        """
        known_orders = self.about("order_id", "order.placed")
        requested = self.about("refund_id", "refund.requested")
        completed = self.about("refund_id", "refund.completed")
        rejected = self.about("refund_id", "refund.rejected")

        def winner(claims: list[Event]) -> Event | None:
            event = first(claims)
            return event if event and event["order_id"] in known_orders else None

        return [
            Refund(winner(requested[refund]), winner(completed[refund]), winner(rejected[refund]))
            for refund in {*requested, *completed, *rejected}
        ]

    @cached_property
    def orders(self) -> list[Order]:
        """Return the known orders, sorted by their winning `order.placed`, earliest first.

        "Where two events claim one thing (two `order.placed` of one `order_id`), the smallest counts." "What
        names an order that is not known waits for it, and counts for nothing until then."
        """
        amended = self.about("order_id", "order.amended")
        cancelled = self.about("order_id", "order.cancelled")
        delivered = self.about("order_id", "order.delivered")
        completed = defaultdict(list)
        for refund in self.refunds:
            if refund.completed:
                completed[refund.completed["order_id"]].append(refund.completed)
        orders = [
            Order(min(claims, key=claim), amended[key], cancelled[key], delivered[key], completed[key])
            for key, claims in self.about("order_id", "order.placed").items()
        ]
        return sorted(orders, key=lambda order: claim(order.placed))

    @cached_property
    def qualifying(self) -> list[Order]:
        """Return the Q orders, earliest first."""
        return [order for order in self.orders if order.qualifies]


class World:
    """The customers by the events that count at `now`, and the clock."""

    def __init__(self, events: Iterable[Mapping[str, Any]], now: int, definitions: Any) -> None:
        self.now = now
        self.hour = hour(now)
        self.definitions = definitions
        self.windows = {name: hours_of(name) for name in definitions.windows}
        distinct = deduplicated(events)
        self._groups = connected([event for event in distinct if event["type"] == "customer.merged"])
        erased = {self.one(event["customer_id"]) for event in distinct if event["type"] == "customer.erased"}
        self.erased = erased
        mine: dict[str, list[Event]] = defaultdict(list)
        for event in distinct:
            name = self.one(event["customer_id"])
            if self.is_known(event) and name not in erased:
                mine[name].append(event)
        self.customers = [Customer(name, events) for name, events in mine.items()]

    def one(self, identity: str) -> str:
        """Return the one name of all ids that merges connect with `identity`."""
        return self._groups.get(identity, identity)

    def is_known(self, event: Event) -> bool:
        """Return whether the event is not later than `now`, and in an hour after `H - 24 x horizon`."""
        return event["at"] <= self.now and hour(event["at"]) > self.hour - 24 * self.definitions.horizon_days

    def within(self, time: int, hours: int, end: int | None = None) -> bool:
        """Return whether the window `H-W+1 ... H` contains a time; H is `end`, or the present hour."""
        end = self.hour if end is None else end
        return end - hours + 1 <= hour(time) <= end

    def spans(self, *, minutes: bool) -> Iterator[tuple[str, Any]]:
        """Yield each window with its test of a time, with `minutes` also those that slide by the minute."""
        for name, hours in self.windows.items():
            yield name, lambda time, hours=hours: self.within(time, hours)
        if minutes:
            now = self.now // MINUTE
            for name, width in MINUTE_WINDOWS.items():
                yield name, lambda time, width=width: now - width + 1 <= time // MINUTE <= now

    def channel(self, event: Event) -> str:
        """Return the channel of an event; "another counts as `other`, none as `unknown`"."""
        channel = event.get("channel")
        if channel is None:
            return "unknown"
        return channel if channel in self.definitions.channels else "other"

    @property
    def channels(self) -> list[str]:
        """Return every value of the channel label."""
        return list(dict.fromkeys([*self.definitions.channels, "other", "unknown"]))

    def money(self, amounts: Iterable[tuple[str, int]]) -> Fraction:
        """Return the sum in major units of the base currency.

        Sums are "kept by currency and converted when evaluated".

        Args:
            amounts: (currency, minor units).
        """
        sums: dict[str, int] = defaultdict(int)
        for currency, minor in amounts:
            sums[currency] += minor
        rates = self.definitions.rates
        return sum(
            (Fraction(minor, 10 ** EXPONENTS.get(c, 2)) * Fraction(rates[c]) for c, minor in sums.items()),
            start=Fraction(0),
        )

    def net(self, orders: Iterable[Order]) -> Fraction:
        """Return the net of orders in the base currency, major units."""
        return self.money((order.currency, order.net) for order in orders)


def hours_of(window: str) -> int:
    """Return the length of a window in hours: `90d` is 2160."""
    return int(window[:-1]) * {"d": 24, "h": 1}[window[-1]]


def deduplicated(events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Return the events without duplicates: "a second event of a customer with the same `id`".

    Decided: the customer is the id in the event, so that event ids of two merged customers cannot collide.
    """
    kept: dict[tuple[str, str], Event] = {}
    for event in events:
        parsed = {**event, "at": microseconds(event["time"])}
        key = parsed["customer_id"], parsed["id"]
        other = kept.get(key)
        if other is None or json.dumps(parsed, sort_keys=True) < json.dumps(other, sort_keys=True):
            kept[key] = parsed
    return list(kept.values())


def connected(merges: list[Event]) -> dict[str, str]:
    """Return id -> name of the customer, for all merged ids.

    "Merges are undirected: all identities they connect are one customer." "Its name is the identity that has
    no merge of its own; if there are none or several, the `into` of the largest (`time`, `id`)." Merges
    "count at once and do not age", so they do not depend on the clock.
    """
    groups: dict[str, set[str]] = {}
    for merge in merges:
        one, other = merge["customer_id"], merge["into"]
        union = groups.get(one, {one}) | groups.get(other, {other})
        for identity in union:
            groups[identity] = union
    names = {}
    for identity, group in groups.items():
        own = [merge for merge in merges if merge["customer_id"] in group]
        without = group - {merge["customer_id"] for merge in own}
        names[identity] = without.copy().pop() if len(without) == 1 else max(own, key=claim)["into"]
    return names
