"""What is said of a customer as a whole (docs/outputs.md, "Customers")."""

from typing import Final, NamedTuple

from models.aggregation.aggregates import YEAR
from models.contract.messages import Profile, ProfileRisk
from models.customers.customer import Customer
from models.customers.lifecycle import STATES
from models.definitions.definitions import Definitions
from models.definitions.money import exponent
from models.definitions.windows import hour
from models.entities import feedback
from models.outputs.emitted import EmittedState, content_hash, deterministic_id, to_datetime
from models.outputs.lifecycle_history import LifecycleHistory
from models.outputs.output import PROFILE, Output
from models.risk.lateness import assess

#: As `models.customers.lifecycle.tiers_of` has them: the thresholds are to rise in this order.
TIERS: Final = ("member", "silver", "gold", "vip")
#: Decimal places that are said of risk: what changes less is no news.
_PLACES: Final = 3


class Figures(NamedTuple):
    """What is found out of a customer anyway.

    Attributes:
        value: net of all orders, major units of the base currency.
        waiting: tickets that are not solved or closed.
    """

    value: float
    waiting: int


class ProfileEmitter:
    """Makes profiles, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._places = exponent(definitions.base_currency)

    def say(
        self, account: Customer, course: LifecycleHistory, figures: Figures, said: EmittedState, now: int
    ) -> tuple[int, Output | None]:
        """Give by what the profile is known again, and the output, if it is another than was said.

        Args:
            account: the customer.
            course: theirs.
            figures: what else is to be said.
            said: with the last one.
            now: microseconds.
        """
        line = course.line
        answer = feedback.latest_nps(account.row.loose)
        sender = account.sent > hour(now) - YEAR.hours
        first, last = (line[0].time, line[-1].time) if line else (None, None)
        nps = None if answer is None else answer.score
        risk = self._risk(course, now)
        value = round(figures.value, self._places)
        spender = course.year < len(line)
        state, tier = course.lifecycle.after, course.tier.after
        content = (state, tier, spender, sender, first, last, len(line), value, risk, nps, figures.waiting)
        known = content_hash((content, self._definitions.base_currency))
        if known == said.profile:
            return known, None
        customer = account.key.decode()
        profile = Profile(
            customer_id=customer,
            lifecycle=STATES[state],
            tier=TIERS[tier],
            spender=spender,
            sender=sender,
            first_order=None if first is None else to_datetime(first),
            last_order=None if last is None else to_datetime(last),
            orders=len(line),
            net_value=value,
            currency=self._definitions.base_currency,
            risk=risk,
            nps=nps,
            open_tickets=figures.waiting,
            as_of=to_datetime(now),
        )
        output_id = deterministic_id(PROFILE, customer, known, now, said.profiles)
        return known, Output(PROFILE, output_id, customer, now, profile)

    def _risk(self, course: LifecycleHistory, now: int) -> ProfileRisk | None:
        risk = assess([order.time for order in course.line], now, self._definitions)
        if risk is None:
            return None
        alive = None if risk.p_alive is None else round(risk.p_alive, _PLACES)
        return ProfileRisk(risk.recency_days, risk.typical_gap_days, round(risk.lateness, _PLACES), alive)
