"""A customer's course: when their lifecycle and their tier last became another, and what did it.

Where a customer stood at an instant follows from the facts of up to then. So the last transition is a
function of the known facts and of `now`, whatever the order in which they came: they are walked through in
the order in which they happened, and with them the instants at which time alone moves a customer.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import YEAR
from models.customers.customer import Customer
from models.customers.lifecycle import AT_RISK, CHURNED, NEW, PROSPECT, REACTIVATED, RETURNING, tiers_of
from models.definitions.definitions import Definitions
from models.definitions.money import exponent
from models.definitions.windows import NEVER_US, US_PER_HOUR
from models.facts import claims
from models.facts.fact import AnyClaim
from models.outputs.order_history import Entry, order_changes

TIME: Final = "time"

_TYPES: Final[dict[type[AnyClaim], str]] = {
    claims.Placed: "order.placed",
    claims.Amended: "order.amended",
    claims.Cancelled: "order.cancelled",
    claims.Shipped: "order.shipped",
    claims.Delivered: "order.delivered",
    claims.Requested: "refund.requested",
    claims.Completed: "refund.completed",
    claims.Rejected: "refund.rejected",
    claims.Opened: "ticket.opened",
    claims.Replied: "ticket.replied",
    claims.StatusChanged: "ticket.status_changed",
    claims.Transferred: "ticket.transferred",
    claims.Submitted: "review.submitted",
    claims.Removed: "review.removed",
    claims.CheckoutStarted: "checkout.started",
    claims.Answered: "survey.answered",
    claims.Shared: "experience.shared",
    claims.PaymentFailed: "payment.failed",
    claims.StockMissed: "stock.missed",
}


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
    line: list[Entry]
    year: int
    until: int | None


class LifecycleReplay:
    """Finds courses, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self.churned_after = 24 * definitions.lifecycle_days
        self.at_risk_after = 12 * definitions.lifecycle_days
        self.thresholds = [definitions.tiers[tier] for tier in tiers_of(definitions)[1:]]
        self._rates = {
            currency: (float(10 ** exponent(currency)), rate) for currency, rate in definitions.rates.items()
        }

    def course(self, account: Customer, now: int) -> LifecycleHistory | None:
        """Walk through a customer's facts; None while nothing is known of them."""
        if not account.row.known:
            return None
        walk = _Walk(self)
        moves = order_changes(account)
        birth, begun = _birth(account)
        if not moves or birth < moves[0][0]:
            walk.stand(birth, *begun)
        last = len(moves) - 1
        for index, (time, event, cause, before, after) in enumerate(moves):
            if time > walk.at:
                walk.pass_time(time)
            walk.move(before, after)
            if index == last or moves[index + 1][0] > time:
                walk.stand(time, cause, event)
        walk.pass_time(now + 1)
        return walk.course()

    def value_of(self, course: LifecycleHistory) -> float:
        """Give the worth of all of a customer's orders, in major units of the base currency."""
        net: dict[str, int] = {}
        for _, _, _, currency, amount in course.line:
            net[currency] = net.get(currency, 0) + amount
        return self.value(net)

    def value(self, net: dict[str, int]) -> float:
        """Give the worth of sums by currency, in major units of the base currency."""
        total = 0.0
        for currency in net if len(net) == 1 else sorted(net):
            if currency in self._rates:
                divisor, rate = self._rates[currency]
                total += net[currency] / divisor * rate
        return total


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
        if time <= at and type(loose) in _TYPES and (time < at or first is None or loose.id < first.id):
            first, at = loose, time
    if first is None:
        raise ValueError("nothing is known of the customer")
    return at, (_TYPES[type(first)], first.id)


class _Walk:
    """A customer at an instant that goes on."""

    def __init__(self, rules: LifecycleReplay) -> None:
        self.at = -1
        self._rules = rules
        self._line: list[Entry] = []
        self._first = 0  # of the year's orders, in the line
        self._net: dict[str, int] = {}  # of the year's orders
        self._spent_otherwise = True  # than when the tier was found
        self._lifecycle: LifecycleTransition | None = None
        self._tier: LifecycleTransition | None = None

    def move(self, before: Entry | None, after: Entry | None) -> None:
        """Put an order in the place of another in the line."""
        line = self._line
        self._spent_otherwise = True
        if before is not None:
            at = bisect_left(line, before)
            del line[at]
            if at < self._first:
                self._first -= 1
            else:
                self._net[before[3]] -= before[4]
        if after is not None:
            at = len(line) if not line or line[-1] < after else bisect_left(line, after)
            line.insert(at, after)
            if at < self._first:
                self._first += 1
            else:
                self._net[after[3]] = self._net.get(after[3], 0) + after[4]

    def pass_time(self, end: int) -> None:
        """Let time do what it does before an instant."""
        while (at := self._next()) is not None and at < end:
            self.stand(at, TIME, None)

    def _next(self) -> int | None:
        """Give the next instant at which time may do something."""
        if not self._line:
            return None
        hour, last = self.at // US_PER_HOUR, self._line[-1][2]
        step = last + self._rules.at_risk_after
        if step <= hour:
            step = last + self._rules.churned_after
        leaving = self._line[self._first][2] + YEAR.hours if self._first < len(self._line) else step
        if step > hour:
            return min(step, leaving) * US_PER_HOUR
        return leaving * US_PER_HOUR if leaving > hour else None

    def stand(self, time: int, cause: str, event: str | None) -> None:
        """Find where the customer stands at an instant, of which all facts have been told."""
        self.at, hour = time, time // US_PER_HOUR
        line = self._line
        while self._first < len(line) and line[self._first][2] <= hour - YEAR.hours:
            self._net[line[self._first][3]] -= line[self._first][4]
            self._first += 1
            self._spent_otherwise = True
        state = self._state(hour)
        former = self._lifecycle
        if former is None or former.after != state:
            self._lifecycle = LifecycleTransition(
                None if former is None else former.after, state, time, cause, event
            )
        if not self._spent_otherwise:
            return
        self._spent_otherwise = False
        tier = bisect_right(self._rules.thresholds, self._rules.value(self._net))
        former = self._tier
        if former is None or former.after != tier:
            self._tier = LifecycleTransition(
                None if former is None else former.after, tier, time, cause, event
            )

    def _state(self, hour: int) -> int:
        line = self._line
        if not line:
            return PROSPECT
        recency = hour - line[-1][2]
        if recency >= self._rules.churned_after:
            return CHURNED
        if recency >= self._rules.at_risk_after:
            return AT_RISK
        if len(line) == 1:
            return NEW
        return REACTIVATED if line[-1][2] - line[-2][2] >= self._rules.churned_after else RETURNING

    def course(self) -> LifecycleHistory:
        """Give what has been found."""
        if self._lifecycle is None or self._tier is None:
            raise ValueError("the walk has not begun")
        return LifecycleHistory(self._lifecycle, self._tier, self._line, self._first, self._next())
