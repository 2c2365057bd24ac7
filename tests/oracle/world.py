"""The events that count at `now`, by customer, and the clock."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.customer import PLACING, Customer, Order
from tests.oracle.values import EXPONENTS, MINUTE, MINUTE_WINDOWS, Event, canonical, claim, hour, parse

#: Event types that "count at once and do not age".
IDENTITY = ("customer.merged", "customer.erased")


class World:
    """The customers by the events that count at `now`, and the clock."""

    def __init__(self, events: Iterable[Mapping[str, Any]], now: int, definitions: Any) -> None:
        self.now = now
        self.hour = hour(now)
        self.definitions = definitions
        self.windows = {name: hours_of(name) for name in definitions.windows}
        contents = distinct(events)
        self._groups = connected([event for event in contents if event["type"] == "customer.merged"])
        self.erased = {self.one(e["customer_id"]) for e in contents if e["type"] == "customer.erased"}
        kept = self._kept(contents)
        known = [event for event in winners(contents, now) if not self.is_beyond_horizon(event)]
        old = self._by_customer(self._old_updates(contents))
        self.customers = [
            Customer(name, mine, kept.get(name), old.get(name, []))
            for name, mine in self._by_customer(known).items()
        ]

    def _by_customer(self, events: Iterable[Event]) -> dict[str, list[Event]]:
        """Return name -> events of each customer who is not erased."""
        mine: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            name = self.one(event["customer_id"])
            if name not in self.erased:
                mine[name].append(event)
        return mine

    def _kept(self, contents: list[Event]) -> dict[str, Event | None]:
        """Return name -> the first order beyond the horizon.

        "Of the orders of a customer that lie beyond the horizon, the one with the smallest (`time`, `id`) is
        kept for good, whatever became of it."

        Decided: an order of lines is kept by its smallest line of amount >= 0, whatever else is known of it.
        An order event is kept whatever other content its id has. Of contents with one time and id, the one
        with the smallest channel is kept.
        """
        if not self.definitions.keep_first_order:
            return {}
        placed = [event for event in contents if event["type"] in PLACING and event["amount"] >= 0]
        beyond = [event for event in placed if self.is_beyond_horizon(event)]
        return {
            name: min(mine, key=lambda event: (claim(event), self.channel(event)))
            for name, mine in self._by_customer(beyond).items()
        }

    def _old_updates(self, contents: list[Event]) -> list[Event]:
        """Return the updates beyond the horizon: "`customer.updated` is never `too_old`".

        Decided: such an update counts whatever other content its id has, as the first order does.
        """
        updates = [event for event in contents if event["type"] == "customer.updated"]
        return [event for event in updates if self.is_beyond_horizon(event)]

    def one(self, identity: str) -> str:
        """Return the one name of all ids that merges connect with `identity`."""
        return self._groups.get(identity, identity)

    def is_beyond_horizon(self, event: Event) -> bool:
        """Return whether the event is not in the hours after `H - 24 x horizon`."""
        return hour(event["at"]) <= self.hour - 24 * self.definitions.horizon_days

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


def distinct(events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Return the events without those that arrived twice with the same content, which is in `content`."""
    parsed = {canonical(event): event for event in map(parse, events)}
    return [event | {"content": content} for content, event in parsed.items()]


def winners(contents: list[Event], now: int) -> list[Event]:
    """Return the events of which no other with the same id counts.

    "Of valid events of one customer with one `id` and different content, the one with the largest (`time`,
    canonical bytes) of those not later than `now` counts."

    Decided: the customer is the id in the event, so that event ids of two merged customers cannot collide.
    Merges and erasures are final and count at once, so that they neither outdo an event nor are outdone.
    """
    kept: dict[tuple[object, ...], Event] = {}
    for event in sorted(contents, key=lambda event: (event["at"], event["content"])):
        if event["at"] <= now:
            of_identity = event["content"] if event["type"] in IDENTITY else None
            kept[event["customer_id"], event["id"], of_identity] = event
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
