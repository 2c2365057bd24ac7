"""Which customers are behind a number, and the profile of one (docs/api.md, "Customers")."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import cast

from models.contract.messages import Profile
from models.customers.customer import Customer
from models.customers.lifecycle import STATES
from models.definitions.definitions import Definitions
from models.definitions.windows import Window, hour
from models.entities import tickets
from models.outputs.emitted import EmittedState
from models.outputs.lifecycle_history import LifecycleHistory, LifecycleReplay
from models.outputs.profiles import TIERS, Figures, ProfileEmitter
from models.query.parameters import CustomerQuery, SetName
from models.risk.lateness import assess

#: Above this a customer is late.
_LATE = 1.0


def sets_of(hours: Sequence[int], now: int, window: int) -> list[SetName]:
    """Give the sets that a customer is in.

    Args:
        hours: event hours of the qualifying orders, ascending.
        now: the present event hour.
        window: its length in event hours.
    """
    in_end = bisect_left(hours, now - window + 1)
    end = in_end < len(hours)
    start = in_end > bisect_left(hours, now - 2 * window + 1)
    new = end and in_end == 0
    found: list[tuple[SetName, bool]] = [
        ("start", start),
        ("end", end),
        ("new", new),
        ("retained", start and end),
        ("lost", start and not end),
        ("reactivated", end and not start and not new),
    ]
    return [name for name, holds in found if holds]


class Customers:
    """Finds customers, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._courses = LifecycleReplay(definitions)
        self._profiles = ProfileEmitter(definitions)

    def find(self, account: Customer, question: CustomerQuery, now: int) -> Profile | None:
        """Give the profile, as of `now` (microseconds), of who a question is about; None of others."""
        if question.set is not None and question.window is not None:
            hours = [order.hour for order in account.line]
            if question.set not in sets_of(hours, hour(now), Window.parse(question.window).hours):
                return None
        course = self._courses.course(account, now)
        if course is None:
            return None
        if question.lifecycle not in {None, STATES[course.lifecycle.after]}:
            return None
        if question.tier not in {None, TIERS[course.tier.after]}:
            return None
        if not self._is_at_risk(account, question, now):
            return None
        return self._profile(account, course, now)

    def profile(self, account: Customer, now: int) -> Profile | None:
        """Give a customer's profile as of `now` (microseconds); None of who is none."""
        course = self._courses.course(account, now)
        return None if course is None else self._profile(account, course, now)

    def _profile(self, account: Customer, course: LifecycleHistory, now: int) -> Profile | None:
        known = [tickets.derive(claims) for claims in account.row.tickets.values()]
        waiting = sum(ticket is not None and not ticket.is_resolved for ticket in known)
        figures = Figures(self._courses.value_of(course), waiting)
        _, output = self._profiles.say(account, course, figures, EmittedState(), now)
        return None if output is None else cast("Profile", output.value)

    def _is_at_risk(self, account: Customer, question: CustomerQuery, now: int) -> bool:
        if question.risk is None and question.min_lateness is None and question.max_p_alive is None:
            return True
        risk = assess([order.time for order in account.line], now, self._definitions)
        if risk is None:  # who never bought is not late
            return False
        if question.risk is not None and (question.risk == "late") != (risk.lateness > _LATE):
            return False
        if question.min_lateness is not None and risk.lateness < question.min_lateness:
            return False
        if question.max_p_alive is None:
            return True
        return risk.p_alive is not None and risk.p_alive <= question.max_p_alive
