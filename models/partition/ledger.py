"""What happens to customers: a fact becomes known, one is forgotten, a row is restored, time passes."""

from heapq import heappop
from typing import TYPE_CHECKING, Any, Final, get_args

from msgspec.structs import replace

from models.customers.customer import Customer
from models.customers.facts_by_entity import claims_since
from models.definitions.definitions import Definitions
from models.definitions.windows import hour
from models.entities import carts, feedback, orders, tickets
from models.entities.exposures import Exposure
from models.entities.orders import qualifying_order
from models.entities.refunds import NOT_REFUNDED
from models.facts import claims
from models.facts.claim_types import NON_CUSTOMER_CLAIMS, RECOMMENDATION_CLAIMS, STATUS_CLAIMS
from models.facts.claims import CustomerClaim, OrderClaim, RefundClaim, ReviewClaim, Seen, TicketClaim
from models.facts.control import Referred
from models.facts.fact import AnyClaim, Fact
from models.partition.books import CART, CUSTOMER, ORDER, TICKET, Books

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.entities.orders import OrderHistory


class Ledger(Books):
    """A partition's customers at work: keeps the aggregates what all of them add up to at `now`."""

    def __init__(self, definitions: Definitions, now: int) -> None:
        super().__init__(definitions, now)
        self._enter: Final[dict[type[AnyClaim], Callable[[Customer, str, Any], None]]] = {
            **dict.fromkeys(get_args(OrderClaim), self._enter_order),
            **dict.fromkeys(get_args(RefundClaim), self._enter_refund),
            **dict.fromkeys(get_args(TicketClaim), self._enter_ticket),
            **dict.fromkeys(get_args(ReviewClaim), self._enter_review),
            **dict.fromkeys(get_args(CustomerClaim), self._enter_loose),
            claims.CheckoutStarted: self._enter_checkout,
        }

    def enter(self, account: Customer, fact: Fact) -> None:
        """Make a fact known, which is not yet."""
        claim = fact.claim
        kind = type(claim)
        moving = kind in STATUS_CLAIMS or not account.facts.event_count
        before = self._whole.status(account) if moving else None
        self._enter[kind](account, fact.entity, claim)
        if kind not in NON_CUSTOMER_CLAIMS:
            account.facts.event_count += 1
        if kind in RECOMMENDATION_CLAIMS:
            account.invalidate("last_recommended")
        if moving:
            self._whole.reclassify(account, before)
        if fact.seen is not None:
            for experiment, variant in fact.seen.items():
                self._whole.record_variant(account, experiment, Seen(claim.time, claim.id, variant))

    def open(self, account: Customer) -> None:
        """Add all that a restored customer adds, as if it all came now."""
        row = account.facts
        encounters = self._open_orders(account)
        if row.tickets:
            encounters += self._open_tickets(account)
        if row.refunds:
            encounters += self._add_refunds(account, row.refunds, 1)
        for versions in row.reviews.values():
            review = feedback.derive(versions)
            if review is not None:
                self._feedback.add_review(review, 1)
                encounters += feedback.review_exposures(review)
        if row.carts:
            self._open_carts(account)
        if row.customer_claims:
            for claim in row.customer_claims:
                self._add_loose(claim, 1)
                encounters += feedback.claim_exposures(claim)
            self._change_nps(None, feedback.latest_nps(row.customer_claims))
        self._whole.restore(account, encounters)

    def _open_orders(self, account: Customer) -> list[Exposure]:
        encounters: list[Exposure] = []
        line: OrderHistory = []
        refunded, now, add = account.refunded, self.now, self._orders.add
        for entity, known in account.facts.orders.items():
            order = orders.derive(known, refunded.get(entity, NOT_REFUNDED))
            if order is None:
                continue
            if order.referrer is not None and account.is_own_identity(order.referrer):
                order = replace(order, referrer=None)
            if order.qualifying:
                line.append(qualifying_order(order))
            add(order, now, 1)
            if order.promised is not None:
                self._remind(account, ORDER, entity, orders.overdue_at(order, now))
                encounters += orders.exposures(order, now)
        account.restore_order_history(sorted(line))
        return encounters

    def _open_tickets(self, account: Customer) -> list[Exposure]:
        encounters: list[Exposure] = []
        for entity, conversation in account.facts.tickets.items():
            ticket = tickets.derive(conversation)
            if ticket is not None:
                outcome = self._targets.outcome(ticket, self.now)
                self._tickets.add(ticket)
                self._targets.add(outcome, 1)
                self._remind(account, TICKET, entity, outcome.due)
                encounters += outcome.exposures()
        return encounters

    def _open_carts(self, account: Customer) -> None:
        conversions, now, add = account.cart_orders, self.now, self._checkout.add
        for entity, started in account.facts.carts.items():
            cart = carts.derive(started, conversions.get(entity, ()))
            if cart is not None:
                add(cart, now, 1)
                if cart.ordered is None:
                    self._remind(account, CART, entity, carts.abandoned_at(cart, now))

    def due(self, now: int) -> list[tuple[bytes, int, str]]:
        """Let the clock go on to `now`, and give what is to `ripen`: customer, kind of entity, entity."""
        timers = self._timers
        due = set()
        while timers and timers[0][0] <= now:
            due.add(heappop(timers)[1:])
        self.now = now
        due.update((key, CUSTOMER, "") for key in self._whole.advance_to(hour(now)))
        return sorted(due)  # a customer's together: it may have to be decoded

    def ripen(self, account: Customer, kind: int, entity: str, before: int) -> None:
        """Let an entity add what it adds now, in the place of what it did at the instant `before`."""
        if kind == ORDER:
            order = account.order(entity)
            if order is not None:
                self._orders.add(order, before, -1)
                self._orders.add(order, self.now, 1)
                self._whole.record_exposure(
                    account, orders.exposures(order, before), orders.exposures(order, self.now)
                )
        elif kind == TICKET:
            ticket = tickets.derive(account.facts.tickets.get(entity, ()))
            if ticket is not None:
                self._target(account, entity, ticket, self._targets.outcome(ticket, before))
        elif kind == CUSTOMER:
            self._whole.reclassify(account, self._whole.status(account, hour(before)))
        else:
            cart = self._cart(account, entity)
            if cart is not None:
                self._checkout.add(cart, before, -1)
                self._checkout.add(cart, self.now, 1)

    def refer(self, account: Customer, order: str, referred: Referred) -> None:
        """Let another customer's order be a referral of this one's, or no longer."""
        before = self._whole.status(account)
        account.facts.ensure_links().add(order, referred)
        account.invalidate("last_recommended")
        self._whole.reclassify(account, before)

    def join(self, account: Customer, identity: str) -> None:
        """Let an identity be the customer's, too: orders that name it are no referrals."""
        letters = account.facts.ensure_links()
        before = [(entity, account.order(entity)) for entity in letters.orders_with_referrer]
        letters.identities.add(identity)
        for entity, old in before:
            new = account.order(entity)
            if old != new:
                self._change_order(account, entity, old, new)

    def expire(self, account: Customer, before: int) -> None:
        """Forget every claim from before a time (microseconds)."""
        row, standing = account.facts, self._whole.status(account)
        sections: list[tuple[dict[str, list[Any]], Callable[[Customer, str, list[Any]], None]]] = [
            (row.refunds, self._put_refund),
            (row.orders, self._expire_order),
            (row.tickets, self._put_ticket),
            (row.reviews, self._put_review),
            (row.carts, self._put_cart),
        ]
        for section, put in sections:
            for entity, known in list(section.items()):
                kept = claims_since(known, before)
                if len(kept) < len(known):
                    put(account, entity, kept)
        self._expire_loose(account, before)
        for experiment, seen in list(row.variants_seen.items()):
            self._whole.set_variants(account, experiment, claims_since(seen, before))
        if row.links is not None:
            row.links.expire(before)
            row.links.orders_with_referrer.intersection_update(row.orders)
        row.recompute_totals()
        account.invalidate("last_recommended")
        self._whole.reclassify(account, standing)
