"""Which customers are behind a number, and the profile of one (docs/api.md, "Customers")."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from models.contract.messages import Profile
from models.customers.customer import Customer
from models.customers.lifecycle import STATES
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import Definitions
from models.definitions.windows import Window, hour
from models.outputs.lifecycle_history import LifecycleHistory, LifecycleReplay
from models.outputs.profiles import TIERS, ProfileEmitter
from models.outputs.snapshot import snapshot_of
from models.query.cohorts import is_in_cohort
from models.query.parameters import CustomerQuery, SetName
from models.query.segments import SegmentFilter
from models.query.tenure import tenure_of
from models.risk.lateness import Risk, assess

#: A customer with a greater lateness is late.
_LATE: Final = 1.0


def sets_of(hours: Sequence[int], now: int, window: int, *, has_kept_order: bool = False) -> list[SetName]:
    """Return the sets of `retention_customers` that contain a customer.

    Args:
        hours: event hours of the customer's qualifying orders, ascending.
        now: the present event hour.
        window: length of the window, event hours.
        has_kept_order: whether the customer's first order lies beyond the horizon.
    """
    in_end = bisect_left(hours, now - window + 1)
    end = in_end < len(hours)
    start = in_end > bisect_left(hours, now - 2 * window + 1)
    new = end and in_end == 0 and not has_kept_order
    membership: dict[SetName, bool] = {
        "start": start,
        "end": end,
        "new": new,
        "retained": start and end,
        "lost": start and not end,
        "reactivated": end and not start and not new,
    }
    return [name for name, contains in membership.items() if contains]


def sets_of_customer(customer: Customer, now: int, window: int) -> list[SetName]:
    """Return the sets of `retention_customers` that contain a customer, as `sets_of`."""
    hours = [order.hour for order in customer.order_history]
    return sets_of(hours, now, window, has_kept_order=customer.facts.kept_order is not None)


class Customers:
    """Selects customers and computes their profiles.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._replay = LifecycleReplay(definitions)
        self._profiles = ProfileEmitter(definitions)
        self._tickets = TicketRules(definitions)
        self._segments = SegmentFilter(definitions)

    def find(self, customer: Customer, query: CustomerQuery, now: int) -> Profile | None:
        """Return a customer's profile, or None if the query does not select the customer.

        Args:
            customer: the customer, by the facts known at `now`.
            query: parameters of the list.
            now: the partition's clock, microseconds since the epoch.
        """
        if not _is_in_set(customer, query, now):
            return None
        if not is_in_cohort(customer, query, self._definitions, now):
            return None
        if not self._segments.is_listed(customer, query, now):
            return None
        history = self._replay.history(customer, now)
        if history is None or not _has_status(history, query) or not self._has_risk(customer, query, now):
            return None
        return self._profile(customer, history, now)

    def profile(self, customer: Customer, now: int) -> Profile | None:
        """Return a profile at `now`, microseconds since the epoch; None if there is no customer."""
        history = self._replay.history(customer, now)
        return None if history is None else self._profile(customer, history, now)

    def _profile(self, customer: Customer, history: LifecycleHistory, now: int) -> Profile:
        net_value = self._replay.net_value(history)
        return self._profiles.profile(snapshot_of(customer, history, net_value, now, self._tickets))

    def _has_risk(self, customer: Customer, query: CustomerQuery, now: int) -> bool:
        if query.risk is None and query.min_lateness is None and query.max_p_alive is None:
            return True
        risk = assess([order.time for order in customer.order_history], now, self._definitions)
        return risk is not None and _matches_risk(risk, query)  # a customer without an order is not late


def _is_in_set(customer: Customer, query: CustomerQuery, now: int) -> bool:
    if query.set is None or query.window is None:
        return True
    window = Window.parse(query.window).hours
    return query.set in sets_of_customer(customer, hour(now), window) and _has_tenure(
        customer, query, hour(now) - window
    )


def _has_tenure(customer: Customer, query: CustomerQuery, until: int) -> bool:
    """Return whether a customer has the number of orders up to an event hour that a query asks for."""
    if query.tenure is None:
        return True
    orders = bisect_right([order.hour for order in customer.order_history], until)
    return orders > 0 and tenure_of(orders) == query.tenure


def _has_status(history: LifecycleHistory, query: CustomerQuery) -> bool:
    has_state = query.lifecycle in {None, STATES[history.lifecycle.after]}
    return has_state and query.tier in {None, TIERS[history.tier.after]}


def _matches_risk(risk: Risk, query: CustomerQuery) -> bool:
    if query.risk is not None and (query.risk == "late") != (risk.lateness > _LATE):
        return False
    if query.min_lateness is not None and risk.lateness < query.min_lateness:
        return False
    if query.max_p_alive is None:
        return True
    return risk.p_alive is not None and risk.p_alive <= query.max_p_alive
