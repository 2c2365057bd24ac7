"""Emit a customer's profile when it has changed (docs/outputs.md, "Customers")."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from models.aggregation.aggregates import YEAR
from models.contract.messages import Profile, ProfileRisk
from models.customers.lifecycle import STATES
from models.definitions.definitions import Definitions
from models.definitions.money import exponent
from models.definitions.windows import hour
from models.entities import feedback
from models.outputs.emitted import EmittedState
from models.outputs.ids import content_hash, deterministic_id, to_datetime
from models.outputs.lifecycle_history import LifecycleHistory
from models.outputs.output import PROFILE, Output
from models.outputs.snapshot import CustomerSnapshot
from models.risk.lateness import assess

#: In the order of `definitions.tiers_of`: configured thresholds have to rise in this order.
TIERS: Final = ("member", "silver", "gold", "vip")
#: Decimal places of lateness and P(alive) in a profile. A smaller change is not emitted.
_RISK_PLACES: Final = 3


class ProfileResult(NamedTuple):
    """The state to store for a profile, and what to emit.

    Attributes:
        content: content hash of the profile.
        outputs: the profile's output; empty if it is the one emitted last.
    """

    content: int
    outputs: Sequence[Output]


class ProfileEmitter:
    """Computes profiles.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._places = exponent(definitions.base_currency)

    def emit(self, snapshot: CustomerSnapshot, emitted: EmittedState) -> ProfileResult:
        """Return the profile's content hash, and an output if it differs from the one emitted last.

        Args:
            snapshot: the customer.
            emitted: what was emitted for the customer.
        """
        profile = self.profile(snapshot)
        content = content_hash((_content(profile, snapshot), profile.currency))
        if content == emitted.profile:
            return ProfileResult(content, ())
        customer_id, now = snapshot.customer_id, snapshot.now
        output_id = deterministic_id(PROFILE, customer_id, content, now, emitted.profiles)
        return ProfileResult(content, [Output(PROFILE, output_id, customer_id, now, profile)])

    def profile(self, snapshot: CustomerSnapshot) -> Profile:
        """Return a customer's profile as of the snapshot's time."""
        history = snapshot.history
        orders = history.orders
        nps = feedback.latest_nps(snapshot.customer.facts.customer_claims)
        return Profile(
            customer_id=snapshot.customer_id,
            lifecycle=STATES[history.lifecycle.after],
            tier=TIERS[history.tier.after],
            spender=history.year_start < len(orders),
            sender=snapshot.customer.last_recommended > hour(snapshot.now) - YEAR.hours,
            first_order=None if (first := _first_order(snapshot)) is None else to_datetime(first),
            last_order=to_datetime(orders[-1].time) if orders else None,
            orders=len(orders),
            net_value=round(snapshot.net_value, self._places),
            currency=self._definitions.base_currency,
            risk=self._risk(history, snapshot.now),
            nps=None if nps is None else nps.score,
            open_tickets=snapshot.open_tickets,
            as_of=to_datetime(snapshot.now),
        )

    def _risk(self, history: LifecycleHistory, now: int) -> ProfileRisk | None:
        risk = assess([order.time for order in history.orders], now, self._definitions)
        if risk is None:
            return None
        p_alive = None if risk.p_alive is None else round(risk.p_alive, _RISK_PLACES)
        return ProfileRisk(
            risk.recency_days, risk.typical_gap_days, round(risk.lateness, _RISK_PLACES), p_alive
        )


def _first_order(snapshot: CustomerSnapshot) -> int | None:
    """Return the time of the customer's first order, microseconds since the epoch; None without orders."""
    orders, kept = snapshot.history.orders, snapshot.customer.facts.kept_order
    if kept is not None:
        return kept.at
    return orders[0].time if orders else None


def _content(profile: Profile, snapshot: CustomerSnapshot) -> tuple[object, ...]:
    """Return the content that is hashed. Its values and their order are part of the stored state."""
    history = snapshot.history
    orders = history.orders
    return (
        history.lifecycle.after,
        history.tier.after,
        profile.spender,
        profile.sender,
        _first_order(snapshot),
        orders[-1].time if orders else None,
        profile.orders,
        profile.net_value,
        profile.risk,
        profile.nps,
        profile.open_tickets,
    )
