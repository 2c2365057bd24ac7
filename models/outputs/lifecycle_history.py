"""A customer's last lifecycle and tier transitions, found by a replay of the facts in event time.

The state at an instant follows from the facts up to then. So the last transition is a function of the known
facts and of `now`, whatever the order in which the facts arrived. The replay applies each fact at its event
time, and in between visits the hours in which time alone changes the state.
"""

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from models.aggregation.aggregates import YEAR
from models.customers.customer import Customer
from models.customers.lifecycle import LifecycleRules
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR, NEVER_US, US_PER_HOUR
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.claim_types import EVENT_TYPE_OF, makes_customer
from models.facts.control import KeptOrder
from models.outputs.order_history import order_changes

if TYPE_CHECKING:
    from models.facts.fact import AnyClaim

#: The cause of a transition that no event caused.
TIME: Final = "time"


class _Cause(NamedTuple):
    """The cause of a transition.

    Attributes:
        time: microseconds since the epoch.
        type: type of the event, or `TIME`.
        event: id of the event; None if time passed instead.
    """

    time: int
    type: str
    event: str | None


class LifecycleTransition(Struct, frozen=True, gc=False):
    """A change of the lifecycle state or of the tier.

    Attributes:
        before: index of the state, or tier, before; None for the customer's first one.
        after: index of the state, or tier, since then.
        time: event time of the change, microseconds since the epoch.
        cause: type of the event that caused it, or `TIME`.
        event: id of that event; None if time passed instead.
    """

    before: int | None
    after: int
    time: int
    cause: str
    event: str | None


class LifecycleHistory(Struct, frozen=True, gc=False):
    """The result of a replay up to some instant.

    Attributes:
        lifecycle: last lifecycle transition; states are indices in `models.customers.lifecycle.STATES`.
        tier: last tier transition; tiers are indices in `models.definitions.definitions.tiers_of`.
        orders: qualifying orders, sorted.
        year_start: index of the first order of the last 365 days; the number of orders without one.
        next_change: when time alone may change any of it, microseconds since the epoch; None if never.
    """

    lifecycle: LifecycleTransition
    tier: LifecycleTransition
    orders: OrderHistory
    year_start: int
    next_change: int | None


class LifecycleReplay:
    """Replays customers' facts.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._rules = LifecycleRules(definitions)

    def history(self, customer: Customer, now: int) -> LifecycleHistory | None:
        """Return a customer's last transitions; None if no fact makes them a customer.

        Args:
            customer: the customer, by the facts known at `now`.
            now: microseconds since the epoch.
        """
        if not customer.facts.event_count:
            return None
        replay = _Replay(self._rules, customer.order_history.kept)
        changes = order_changes(customer)
        first = _first_event(customer)
        if not changes or first.time < changes[0].time:
            replay.evaluate(*first)
        last = len(changes) - 1
        for index, change in enumerate(changes):
            if change.time > replay.time:
                replay.pass_time(change.time)
            replay.apply(change.before, change.after)
            if index == last or changes[index + 1].time > change.time:
                replay.evaluate(change.time, change.cause, change.event)
        replay.pass_time(now + 1)
        return replay.history()

    def net_value(self, history: LifecycleHistory) -> float:
        """Return the net of all qualifying orders, major units of the base currency."""
        net: dict[str, int] = {}
        for order in history.orders:
            net[order.currency] = net.get(order.currency, 0) + order.net
        return self._rules.value(net)


def _first_event(customer: Customer) -> _Cause:
    """Return the earliest event, by time and id, that made the customer one."""
    first: AnyClaim | None = None
    earliest = NEVER_US
    # One loop over all claims, without a generator: it runs for each customer that is checked.
    for section in customer.facts.sections():
        for claims in section.values():
            for claim in claims:
                time = claim.time
                if time < earliest or (time == earliest and first is not None and claim.id < first.id):
                    first, earliest = claim, time
    for claim in customer.facts.customer_claims:
        time = claim.time
        if (
            time <= earliest
            and makes_customer(claim)
            and (time < earliest or first is None or claim.id < first.id)
        ):
            first, earliest = claim, time
    if first is None:
        raise ValueError("the customer has no facts")
    return _Cause(earliest, EVENT_TYPE_OF[type(first)], first.id)


class _Replay:
    """A customer during a replay.

    Attributes:
        time: time of the last evaluation, microseconds since the epoch; -1 before the first.
    """

    def __init__(self, rules: LifecycleRules, kept: KeptOrder | None) -> None:
        self.time = -1
        self._rules = rules
        self._orders = OrderHistory(kept=kept)
        self._year_start = 0
        self._year_net: dict[str, int] = {}
        self._year_changed = True  # since the tier was last decided
        self._lifecycle: LifecycleTransition | None = None
        self._tier: LifecycleTransition | None = None

    def apply(self, before: QualifyingOrder | None, after: QualifyingOrder | None) -> None:
        """Replace an order by its new version; None if it did not, or does not, qualify."""
        self._year_changed = True
        if before is not None:
            self._remove(before)
        if after is not None:
            self._add(after)

    def _remove(self, order: QualifyingOrder) -> None:
        index = bisect_left(self._orders, order)
        del self._orders[index]
        if index < self._year_start:
            self._year_start -= 1
        else:
            self._year_net[order.currency] -= order.net

    def _add(self, order: QualifyingOrder) -> None:
        orders = self._orders
        index = len(orders) if not orders or orders[-1] < order else bisect_left(orders, order)
        orders.insert(index, order)
        if index < self._year_start:
            self._year_start += 1
        else:
            self._year_net[order.currency] = self._year_net.get(order.currency, 0) + order.net

    def pass_time(self, end: int) -> None:
        """Evaluate each hour before `end`, microseconds, in which time alone changes something."""
        while (time := self._next_change()) is not None and time < end:
            self.evaluate(time, TIME, None)

    def _next_change(self) -> int | None:
        change = self._rules.next_change(self._orders, self._year_start, self.time // US_PER_HOUR)
        return None if change == NEVER_HOUR else change * US_PER_HOUR

    def evaluate(self, time: int, cause: str, event: str | None) -> None:
        """Decide state and tier at an instant, after all facts of that instant were applied.

        Args:
            time: the instant, microseconds since the epoch.
            cause: type of the event of that instant, or `TIME`.
            event: id of the event; None if time passed instead.
        """
        self.time = time
        hour = time // US_PER_HOUR
        if self._year_start < len(self._orders):
            self._advance_year(hour)
        state = self._rules.state(self._orders, hour)
        last = self._lifecycle
        if last is None or last.after != state:
            self._lifecycle = _after(last, state, time, cause, event)
        if self._year_changed:
            self._year_changed = False
            tier = self._rules.tier(self._year_net)
            last = self._tier
            if last is None or last.after != tier:
                self._tier = _after(last, tier, time, cause, event)

    def _advance_year(self, hour: int) -> None:
        """Remove the orders that leave the 365 days up to an event hour."""
        orders = self._orders
        while self._year_start < len(orders) and orders[self._year_start].hour <= hour - YEAR.hours:
            leaving = orders[self._year_start]
            self._year_net[leaving.currency] -= leaving.net
            self._year_start += 1
            self._year_changed = True

    def history(self) -> LifecycleHistory:
        """Return the result.

        Raises:
            ValueError: nothing was evaluated.
        """
        if self._lifecycle is None or self._tier is None:
            raise ValueError("nothing was evaluated")
        return LifecycleHistory(
            self._lifecycle, self._tier, self._orders, self._year_start, self._next_change()
        )


def _after(
    last: LifecycleTransition | None, after: int, time: int, cause: str, event: str | None
) -> LifecycleTransition:
    """Return the transition that follows `last`, the first one if there is none."""
    return LifecycleTransition(None if last is None else last.after, after, time, cause, event)
