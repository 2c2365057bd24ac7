"""The dispatcher of updates: each fact, expiry and timer goes to the updater of its kind of entity."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, get_args

from models.aggregation.aggregates import Aggregates
from models.customers.aggregator import CustomerAggregator
from models.customers.customer import Customer
from models.customers.facts_by_entity import claims_since
from models.customers.reviewed_orders import ReviewedOrderAggregator
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import Definitions
from models.definitions.further_metrics import REVIEW_RATE
from models.definitions.windows import hour
from models.entities.carts import CartAggregator
from models.entities.feedback import FeedbackAggregator
from models.entities.orders import OrderAggregator
from models.entities.refunds import RefundAggregator
from models.entities.repeat_contacts import RepeatContactAggregator
from models.entities.sla import SlaAggregator
from models.entities.teams import TeamAggregator
from models.entities.tickets import TicketAggregator
from models.facts.claim_types import NON_CUSTOMER_CLAIMS, STATUS_CLAIMS
from models.facts.claims import (
    CheckoutStarted,
    CustomerClaim,
    OrderClaim,
    RefundClaim,
    ReviewClaim,
    Seen,
    TicketClaim,
)
from models.facts.control import KeptOrder, Referred
from models.facts.fact import AnyClaim, Fact
from models.partition.timers import CUSTOMER, ORDER, TICKET, DueEntity
from models.partition.updates.carts import CartUpdates
from models.partition.updates.context import UpdateContext
from models.partition.updates.customer_claims import CustomerClaimUpdates
from models.partition.updates.feedback import ReviewUpdates
from models.partition.updates.listeners import flow_listeners
from models.partition.updates.orders import OrderUpdates
from models.partition.updates.refund_contributions import RefundContributions
from models.partition.updates.refunds import RefundUpdates
from models.partition.updates.segments import segment_flows, segment_updates
from models.partition.updates.tickets import TicketAggregators, TicketUpdates

if TYPE_CHECKING:
    from collections.abc import Callable


class Updates:
    """Keeps the aggregates equal to the contributions of all customers at the partition's clock.

    Args:
        definitions: the shop's definitions.
        now: the partition's clock, microseconds since the epoch.

    Attributes:
        aggregates: the sums of all contributions.
        customers: adds customers as a whole to the aggregates.
    """

    def __init__(self, definitions: Definitions, now: int) -> None:
        # The series of the aggregates are numbered in this order.
        self.aggregates = aggregates = Aggregates(definitions)
        order_aggregator = OrderAggregator(aggregates)
        refunds = RefundContributions(RefundAggregator(aggregates))
        ticket_aggregator = TicketAggregator(aggregates, definitions)
        slas = SlaAggregator(aggregates, definitions)
        cart_aggregator = CartAggregator(aggregates, definitions)
        feedback = FeedbackAggregator(aggregates)
        self.customers = CustomerAggregator(aggregates, definitions, hour(now))
        flows = segment_flows(aggregates, definitions)
        self._context = context = UpdateContext(self.customers, now, flow_listeners(aggregates, flows))
        self._carts = CartUpdates(context, cart_aggregator)
        contacts = RepeatContactAggregator(aggregates)
        rules, teams = TicketRules(definitions), TeamAggregator(aggregates, definitions)
        ticket_aggregators = TicketAggregators(ticket_aggregator, slas, contacts, teams)
        self._tickets = TicketUpdates(context, rules, ticket_aggregators)
        self._segments = segment_updates(self.customers, flows, self._tickets)
        reviewed = ReviewedOrderAggregator(aggregates) if REVIEW_RATE in definitions.further_metrics else None
        self._orders = OrderUpdates(
            context, order_aggregator, self._carts, refunds, self._tickets, reviewed=reviewed
        )
        self._refunds = RefundUpdates(context, refunds, self._orders)
        self._reviews = ReviewUpdates(context, feedback, reviewed)
        self._customer_claims = CustomerClaimUpdates(context, rules, feedback, cart_aggregator, teams)
        self._apply: Final[dict[type[AnyClaim], Callable[[Customer, str, Any], None]]] = {
            **dict.fromkeys(get_args(OrderClaim), self._orders.apply),
            **dict.fromkeys(get_args(RefundClaim), self._refunds.apply),
            **dict.fromkeys(get_args(TicketClaim), self._tickets.apply),
            **dict.fromkeys(get_args(ReviewClaim), self._reviews.apply),
            **dict.fromkeys(get_args(CustomerClaim), self._customer_claims.apply),
            CheckoutStarted: self._carts.apply,
        }

    def apply(self, customer: Customer, fact: Fact) -> None:
        """Apply a fact of an event. The customer must not have it yet."""
        claim = fact.claim
        kind = type(claim)
        changes_status = kind in STATUS_CLAIMS or not customer.facts.event_count
        before = self.customers.status(customer) if changes_status else None
        if self._segments is not None:
            self._segments.prepare(customer)
        if fact.details is not None:
            customer.facts.record_details(fact)
        self._apply[kind](customer, fact.entity, claim)
        if kind not in NON_CUSTOMER_CLAIMS:
            customer.facts.event_count += 1
        if changes_status:
            self.customers.reclassify(customer, before)
        if self._segments is not None:
            self._segments.refresh(customer, kind)
        if fact.seen is not None:
            for experiment, variant in fact.seen.items():
                self.customers.record_variant(customer, experiment, Seen(claim.time, claim.id, variant))

    def restore(self, customer: Customer) -> None:
        """Apply all facts of a restored customer at once."""
        facts = customer.facts
        exposures = self._orders.restore(customer)
        if facts.tickets:
            exposures += self._tickets.restore(customer)
        if facts.refunds:
            exposures += self._refunds.restore(customer)
        if facts.reviews:
            exposures += self._reviews.restore(customer)
        if facts.carts:
            self._carts.restore(customer)
        if facts.customer_claims:
            exposures += self._customer_claims.restore(customer)
        self.customers.restore(customer, exposures)

    def expire(self, customer: Customer, before: int) -> None:
        """Retract all claims of a customer from before a time (microseconds since the epoch)."""
        facts, status = customer.facts, self.customers.status(customer)
        if self._segments is not None:
            self._segments.prepare(customer)
        self._expire_entities(customer, before)
        self._customer_claims.expire(customer, before)
        for experiment, seen in list(facts.variants_seen.items()):
            self.customers.set_variants(customer, experiment, claims_since(seen, before))
        customer.expire_links(before)
        facts.recompute_totals()
        self.customers.reclassify(customer, status)
        if self._segments is not None:
            self._segments.refresh(customer)

    def _expire_entities(self, customer: Customer, before: int) -> None:
        facts = customer.facts
        sections: list[tuple[dict[str, list[Any]], Callable[[Customer, str, list[Any]], None]]] = [
            (facts.tickets, self._tickets.replace),  # before the orders that their tiers depend on
            (facts.refunds, self._refunds.replace),
            (facts.orders, self._orders.replace),
            (facts.reviews, self._reviews.replace),
            (facts.carts, self._carts.replace),
        ]
        for section, replace in sections:
            for entity, claims in list(section.items()):
                kept = claims_since(claims, before)
                if len(kept) < len(claims):
                    replace(customer, entity, kept)

    def add_referral(self, customer: Customer, order_id: str, referred: Referred) -> None:
        """Apply the state of another customer's order that names this customer as its referrer."""
        before = self.customers.status(customer)
        customer.add_referral(order_id, referred)
        self.customers.reclassify(customer, before)

    def keep_order(self, customer: Customer, kept: KeptOrder) -> None:
        """Apply that the customer's first order lies beyond the horizon."""
        before = self.customers.status(customer)
        if self._segments is not None:
            self._segments.prepare(customer)
        self.customers.keep_order(customer, kept)
        self.customers.reclassify(customer, before)
        if self._segments is not None:
            self._segments.refresh(customer)

    def keep_attributes(self, customer: Customer, facts: Iterable[Fact]) -> None:
        """Apply the attributes that a customer's fact log keeps from beyond the horizon."""
        if self._segments is not None:
            self._segments.prepare(customer)
        customer.facts.set_kept_attributes(facts)
        if self._segments is not None:
            self._segments.refresh(customer)

    def add_identity(self, customer: Customer, identity: str) -> None:
        """Add an identity to the customer, after a merge."""
        self._orders.add_identity(customer, identity)

    def advance_to(self, now: int) -> list[DueEntity]:
        """Advance the clock, and return the entities whose contribution changes by that.

        The caller passes each of them to `on_timer`. They are sorted, so that those of one customer come
        together and the customer is decoded once.

        Args:
            now: microseconds since the epoch.
        """
        due = self._context.timers.pop_due(now)
        self._context.now = now
        due.update(DueEntity(key, CUSTOMER, "") for key in self.customers.advance_to(hour(now)))
        return sorted(due)

    def on_timer(self, customer: Customer, due: DueEntity, before: int) -> None:
        """Replace the contribution of an entity as of a former time by that of now.

        Args:
            customer: the customer of the entity.
            due: the entity, from `advance_to`.
            before: the clock before it was advanced, microseconds since the epoch.
        """
        if due.kind == CUSTOMER:
            status = self.customers.status(customer, hour(before))
            self.customers.reclassify(customer, status)
        elif due.kind == ORDER:
            self._orders.on_timer(customer, due.entity, before)
        elif due.kind == TICKET:
            self._tickets.on_timer(customer, due.entity, before)
        else:
            self._carts.on_timer(customer, due.entity, before)
