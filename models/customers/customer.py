"""One customer in memory: the decoded facts and the indexes over them.

An index is built from the facts at its first use.
From then on, the updates in `models.partition.updates` adjust it with each change, because building it again
for every fact would take time in proportion to the customer's history.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from models.aggregation.aggregates import YEAR
from models.customers.facts_by_entity import CustomerFacts
from models.customers.lifecycle import CustomerStatus, TrailingYear
from models.customers.variants import VariantIntervals, variant_intervals
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR
from models.entities import feedback, orders, refunds
from models.entities.feedback import PROMOTER
from models.entities.order_lines import in_other_currencies
from models.entities.orders import Order, OrderHistory, qualifying_order
from models.entities.refunds import NOT_REFUNDED, Refunded
from models.entities.sla import SlaOutcome
from models.entities.tickets import Ticket
from models.facts.claims import (
    Acted,
    Answered,
    AnswersWithdrawn,
    Completed,
    CustomerClaim,
    LinePlaced,
    OrderClaim,
    Shared,
)
from models.facts.control import Referred
from models.facts.first_order import places_order

#: Indexes that are built again after a change, as they depend on few facts.
Invalidated = Literal["actions", "last_recommended"]


class AppliedTicket(NamedTuple):
    """A ticket of which the contribution was applied to the aggregates.

    Attributes:
        ticket: the ticket.
        outcome: the state of its targets.
    """

    ticket: Ticket
    outcome: SlaOutcome


class Customer:
    """The facts of one customer, and the indexes over them.

    Args:
        key: key of the customer's row, the customer id in UTF-8.
        facts: the customer's visible facts.

    Attributes:
        applied_tickets: ticket id -> ticket, of those that have changed since the customer was decoded.
        segment_changes: values for the segments of customers, as the aggregates count the customer; None
            until first derived (`models.customers.segment_values`).
        status: lifecycle status, tier and roles that the aggregates count the customer with; None until first
            derived.
    """

    __slots__ = (
        "_actions",
        "_cart_orders",
        "_last_recommended",
        "_order_history",
        "_refunded",
        "_refunds_by_order",
        "_trailing_year",
        "_variant_intervals",
        "applied_tickets",
        "facts",
        "key",
        "segment_changes",
        "status",
    )

    def __init__(self, key: bytes, facts: CustomerFacts) -> None:
        self.key = key
        self.facts = facts
        self.applied_tickets: dict[str, AppliedTicket] = {}
        self.segment_changes: tuple[Any, ...] | None = None
        self.status: CustomerStatus | None = None
        self._actions: list[Acted] | None = None
        self._cart_orders: dict[str, list[int]] | None = None
        self._last_recommended: int | None = None
        self._order_history: OrderHistory | None = None
        self._refunded: dict[str, Refunded] | None = None
        self._refunds_by_order: dict[str, set[str]] | None = None
        self._trailing_year: TrailingYear | None = None
        self._variant_intervals: dict[str, VariantIntervals] | None = None

    # Indexes.

    @property
    def actions(self) -> list[Acted]:
        """The actions that were issued to the customer, or suppressed."""
        if self._actions is None:
            self._actions = [claim for claim in self.facts.customer_claims if type(claim) is Acted]
        return self._actions

    @property
    def last_recommended(self) -> int:
        """The event hour of the customer's latest recommendation; `-NEVER_HOUR` without one."""
        if self._last_recommended is None:
            self._last_recommended = _last_recommended(self.facts)
        return self._last_recommended

    @property
    def order_history(self) -> OrderHistory:
        """The qualifying orders, sorted by time and event id."""
        if self._order_history is None:
            found = [self.order(order_id) for order_id in self.facts.orders]
            qualifying = [
                qualifying_order(order) for order in found if order is not None and order.qualifying
            ]
            self._order_history = OrderHistory(sorted(qualifying), self.facts.kept_order)
        return self._order_history

    @property
    def refunded(self) -> dict[str, Refunded]:
        """Order id -> number and sum of its completed refunds."""
        if self._refunded is None:
            section = self.facts.refunds
            self._refunded = refunds.refunded_of(section.values()) if section else {}
        return self._refunded

    @property
    def refunds_by_order(self) -> dict[str, set[str]]:
        """Order id -> ids of the refunds that have ever named it in a claim."""
        if self._refunds_by_order is None:
            self._refunds_by_order = {}
            for refund_id, claims in self.facts.refunds.items():
                for claim in claims:
                    self._refunds_by_order.setdefault(claim.order, set()).add(refund_id)
        return self._refunds_by_order

    @property
    def cart_orders(self) -> dict[str, list[int]]:
        """Cart id -> times of the orders that name it, microseconds since the epoch.

        All claims of an order count here, also those that another claim of the order overrides.
        """
        if self._cart_orders is None:
            self._cart_orders = {}
            for claims in self.facts.orders.values():
                for cart, time in orders.carts_named(claims):
                    self._cart_orders.setdefault(cart, []).append(time)
        return self._cart_orders

    @property
    def variant_intervals(self) -> dict[str, VariantIntervals]:
        """Experiment -> the variants shown, each with its [from, until) in event hours."""
        if self._variant_intervals is None:
            seen_by_experiment = self.facts.variants_seen
            self._variant_intervals = {
                experiment: variant_intervals(seen) for experiment, seen in seen_by_experiment.items()
            }
        return self._variant_intervals

    def trailing_year(self, hour: int) -> TrailingYear:
        """Return the totals of the qualifying orders in the 365 days up to an event hour.

        Args:
            hour: event hour; never smaller than in the call before.
        """
        since = hour - YEAR.hours + 1
        if self._trailing_year is None:
            self._trailing_year = TrailingYear(self.order_history, since)
        else:
            self._trailing_year.advance_to(self.order_history, since)
        return self._trailing_year

    # Entities.

    def order(self, order_id: str) -> Order | None:
        """Return an order; None without a visible event that places it."""
        claims = self.facts.orders.get(order_id)
        return None if claims is None else self.derive_order(order_id, claims)

    def derive_order(self, order_id: str, claims: Sequence[OrderClaim]) -> Order | None:
        """Return the order that these claims make; None if none of them places it.

        An order that names one of the customer's own identities as the referrer is no referral
        (docs/metrics.md, "Retention").
        """
        order = orders.derive(claims, self.refunded.get(order_id, NOT_REFUNDED))
        if order is not None and order.referrer is not None and self.is_own_identity(order.referrer):
            return replace(order, referrer=None)
        return order

    def lines_left_out(self, order_id: str) -> list[LinePlaced]:
        """Return the lines that do not count, as their order's lines are summed in another currency."""
        return in_other_currencies(self.facts.orders[order_id])

    def is_own_identity(self, identity: str) -> bool:
        """Return whether an id belongs to this customer, whose identities were merged."""
        links = self.facts.links
        if links is None or not links.identities:
            return False
        return identity in links.identities or identity == self.key.decode()

    def has_order(self, order_id: str) -> bool:
        """Return whether an event that places this order is visible."""
        return any(places_order(claim) for claim in self.facts.orders.get(order_id, ()))

    def tracks_cart(self, cart_id: str) -> bool:
        """Return whether a new order that names this cart changes an aggregate or an index."""
        return cart_id in self.facts.carts or self._cart_orders is not None

    def orders_of_cart(self, cart_id: str) -> Sequence[int]:
        """Return the times of the orders that name a cart, microseconds since the epoch."""
        return self.cart_orders.get(cart_id, ())

    # Changes of facts that indexes depend on.

    def invalidate(self, *names: Invalidated) -> None:
        """Drop indexes, which are built again at their next use."""
        for name in names:
            setattr(self, f"_{name}", None)

    def add_customer_claim(self, claim: CustomerClaim) -> None:
        """Add a claim about the customer alone."""
        self.facts.customer_claims.append(claim)
        if isinstance(claim, Acted):
            self.invalidate("actions")
        elif isinstance(claim, Answered | AnswersWithdrawn | Shared):
            self.invalidate("last_recommended")

    def remove_customer_claims(self, before: int) -> list[CustomerClaim]:
        """Remove and return the claims about the customer alone from before a time (microseconds)."""
        claims = self.facts.customer_claims
        self.facts.customer_claims = [claim for claim in claims if claim.time >= before]
        self.invalidate("actions", "last_recommended")
        return [claim for claim in claims if claim.time < before]

    def add_referral(self, order_id: str, referred: Referred) -> None:
        """Record the state of another customer's order that names this customer as its referrer."""
        self.facts.ensure_links().add(order_id, referred)
        self.invalidate("last_recommended")

    def expire_links(self, before: int) -> None:
        """Remove links about orders placed before a time (microseconds)."""
        if self.facts.links is not None:
            self.facts.links.expire(before)
            self.facts.links.orders_with_referrer.intersection_update(self.facts.orders)
            self.invalidate("last_recommended")

    def build_order_indexes(self) -> None:
        """Build `refunded` and `order_history` from the facts as they are.

        Call this before a refund's claims change.
        The updates adjust both indexes by the difference, so an index that is built later would contain it
        twice.
        """
        self._refunded = self.refunded
        self._order_history = self.order_history

    def replace_completed_refund(self, old: Completed | None, new: Completed | None) -> None:
        """Replace a refund's completion in `refunded`; None is a refund that is not completed."""
        if old is not None:
            number, amount = self.refunded[old.order]
            self.refunded[old.order] = Refunded(number - 1, amount - old.amount)
        if new is not None:
            number, amount = self.refunded.get(new.order, NOT_REFUNDED)
            self.refunded[new.order] = Refunded(number + 1, amount + new.amount)

    def restore_order_history(self, history: OrderHistory) -> None:
        """Set the qualifying orders, sorted, that a restore has derived already."""
        self._order_history = history


def _last_recommended(facts: CustomerFacts) -> int:
    claims, links = facts.customer_claims, facts.links
    if not claims and links is None:
        return -NEVER_HOUR
    hours = [claim.time // US_PER_HOUR for claim in claims if isinstance(claim, Shared)]
    if links is not None:
        hours += [time // US_PER_HOUR for time in links.referral_times]
    answer = feedback.latest_nps(claims)
    if answer is not None and answer.score >= PROMOTER:
        hours.append(answer.time // US_PER_HOUR)
    return max(hours, default=-NEVER_HOUR)
