"""A customer's course: when their lifecycle and their tier last became another, and what did it.

Where a customer stood at an instant follows from the facts of up to then. So the last transition is a
function of the known facts and of `now`, whatever the order in which they came: they are walked through in
the order in which they happened, and with them the instants at which time alone moves a customer.
"""

from bisect import bisect_left
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import YEAR
from models.customers.customer import Customer
from models.customers.lifecycle import LifecycleRules
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR, NEVER_US, US_PER_HOUR
from models.entities.orders import QualifyingOrder
from models.facts.claim_types import EVENT_TYPE_OF, makes_customer
from models.facts.fact import AnyClaim
from models.outputs.order_history import order_changes

TIME: Final = "time"


class LifecycleTransition(Struct, frozen=True, gc=False):
    """A transition.

    Attributes:
        before: index of the state, or tier, before; None where nothing was known of the customer.
        after: the one since.
        time: when it became so, microseconds.
        cause: type of the event that did it, or `TIME`.
        event: its id; None where it was time.
    """

    before: int | None
    after: int
    time: int
    cause: str
    event: str | None


class LifecycleHistory(Struct, frozen=True, gc=False):
    """What a customer's facts tell of their course up to some instant.

    Attributes:
        lifecycle: its last transition: to an index in `models.customers.lifecycle.STATES`.
        tier: its last transition: to an index in `models.customers.lifecycle.tiers_of`.
        line: the qualifying orders, sorted.
        year: how many of the first are from before the last 365 days.
        until: the next instant at which time may change any of it; None if it cannot.
    """

    lifecycle: LifecycleTransition
    tier: LifecycleTransition
    line: list[QualifyingOrder]
    year: int
    until: int | None


class LifecycleReplay:
    """Finds courses, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._rules = LifecycleRules(definitions)

    def course(self, account: Customer, now: int) -> LifecycleHistory | None:
        """Walk through a customer's facts; None while nothing is known of them."""
        if not account.row.known:
            return None
        walk = _Walk(self._rules)
        moves = order_changes(account)
        birth, begun = _birth(account)
        if not moves or birth < moves[0].time:
            walk.stand(birth, *begun)
        last = len(moves) - 1
        for index, (time, event, cause, before, after) in enumerate(moves):
            if time > walk.at:
                walk.pass_time(time)
            walk.move(before, after)
            if index == last or moves[index + 1].time > time:
                walk.stand(time, cause, event)
        walk.pass_time(now + 1)
        return walk.course()

    def value_of(self, course: LifecycleHistory) -> float:
        """Give the worth of all of a customer's orders, in major units of the base currency."""
        net: dict[str, int] = {}
        for _, _, _, _, currency, amount in course.line:
            net[currency] = net.get(currency, 0) + amount
        return self._rules.value(net)


def _birth(account: Customer) -> tuple[int, tuple[str, str]]:
    """Give when the customer became one, and the type and id of the event."""
    row = account.row
    first: AnyClaim | None = None
    at = NEVER_US
    for section in row.sections():
        for known in section.values():
            for claim in known:
                time = claim.time
                if time < at or (time == at and first is not None and claim.id < first.id):
                    first, at = claim, time
    for loose in row.loose:
        time = loose.time
        if time <= at and makes_customer(loose) and (time < at or first is None or loose.id < first.id):
            first, at = loose, time
    if first is None:
        raise ValueError("nothing is known of the customer")
    return at, (EVENT_TYPE_OF[type(first)], first.id)


class _Walk:
    """A customer at an instant that goes on."""

    def __init__(self, rules: LifecycleRules) -> None:
        self.at = -1
        self._rules = rules
        self._line: list[QualifyingOrder] = []
        self._first = 0  # of the year's orders, in the line
        self._net: dict[str, int] = {}  # of the year's orders
        self._spent_otherwise = True  # than when the tier was found
        self._lifecycle: LifecycleTransition | None = None
        self._tier: LifecycleTransition | None = None

    def move(self, before: QualifyingOrder | None, after: QualifyingOrder | None) -> None:
        """Put an order in the place of another in the line."""
        line = self._line
        self._spent_otherwise = True
        if before is not None:
            at = bisect_left(line, before)
            del line[at]
            if at < self._first:
                self._first -= 1
            else:
                self._net[before.currency] -= before.net
        if after is not None:
            at = len(line) if not line or line[-1] < after else bisect_left(line, after)
            line.insert(at, after)
            if at < self._first:
                self._first += 1
            else:
                self._net[after.currency] = self._net.get(after.currency, 0) + after.net

    def pass_time(self, end: int) -> None:
        """Let time do what it does before an instant."""
        while (at := self._next()) is not None and at < end:
            self.stand(at, TIME, None)

    def _next(self) -> int | None:
        """Give the next instant at which time may do something."""
        hour = self.at // US_PER_HOUR
        change = self._rules.next_change(self._line, self._first, hour)
        return None if change == NEVER_HOUR else change * US_PER_HOUR

    def stand(self, time: int, cause: str, event: str | None) -> None:
        """Find where the customer stands at an instant, of which all facts have been told."""
        self.at, hour = time, time // US_PER_HOUR
        line = self._line
        while self._first < len(line) and line[self._first].hour <= hour - YEAR.hours:
            self._net[line[self._first].currency] -= line[self._first].net
            self._first += 1
            self._spent_otherwise = True
        state = self._rules.state(line, hour)
        former = self._lifecycle
        if former is None or former.after != state:
            self._lifecycle = LifecycleTransition(
                None if former is None else former.after, state, time, cause, event
            )
        if not self._spent_otherwise:
            return
        self._spent_otherwise = False
        tier = self._rules.tier(self._net)
        former = self._tier
        if former is None or former.after != tier:
            self._tier = LifecycleTransition(
                None if former is None else former.after, tier, time, cause, event
            )

    def course(self) -> LifecycleHistory:
        """Give what has been found."""
        if self._lifecycle is None or self._tier is None:
            raise ValueError("the walk has not begun")
        return LifecycleHistory(self._lifecycle, self._tier, self._line, self._first, self._next())
