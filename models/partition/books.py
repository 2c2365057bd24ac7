"""The books kept of each entity: what one more claim, or one less, changes in a partition's aggregates.

Each kind of entity has one operation, to put a set of claims in the place of another: a new claim and one
that has outlived the horizon are the same to it. What the entity added to the aggregates before is taken
back, and what it adds now is added; the two are compared first, since most claims change no number.

What an entity adds may depend on the instant (a target is breached, a cart abandoned). It always stands as of
`now`, and an entry among the timers says when it will be otherwise.
"""

from collections.abc import Iterable
from heapq import heappush
from typing import Any

from models.aggregation.aggregates import Aggregates
from models.customers.aggregator import CustomerAggregator
from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.definitions.windows import hour
from models.entities import carts, feedback, orders, refunds, tickets
from models.entities.carts import Cart, CartAggregator
from models.entities.exposures import Exposure
from models.entities.feedback import NPS, FeedbackAggregator, Review
from models.entities.orders import Order, OrderAggregator, qualifying_order
from models.entities.refunds import RefundAggregator
from models.entities.sla import SlaAggregator, SlaOutcome
from models.entities.tickets import TicketAggregator
from models.facts.claims import (
    Acted,
    Answered,
    CheckoutStarted,
    CustomerClaim,
    OrderClaim,
    PaymentFailed,
    Placed,
    RefundClaim,
    ReviewClaim,
    StockMissed,
    TicketClaim,
)

#: Kinds of what a timer is for.
ORDER, TICKET, CART, CUSTOMER = range(4)
#: When, whose (row key), which kind, which entity.
Timer = tuple[int, bytes, int, str]


class Books:
    """Entities' claims, and the difference that a change of them makes to the aggregates, as of `now`."""

    def __init__(self, definitions: Definitions, now: int) -> None:
        self.now = now
        self.aggregates = Aggregates(definitions)
        self._timers: list[Timer] = []
        self._orders = OrderAggregator(self.aggregates)
        self._refunds = RefundAggregator(self.aggregates)
        self._tickets = TicketAggregator(self.aggregates, definitions)
        self._targets = SlaAggregator(self.aggregates, definitions)
        self._checkout = CartAggregator(self.aggregates, definitions)
        self._feedback = FeedbackAggregator(self.aggregates)
        self._whole = CustomerAggregator(self.aggregates, definitions, hour(now))

    def _remind(self, account: Customer, kind: int, entity: str, due: int | None) -> None:
        if due is not None:
            heappush(self._timers, (due, account.key, kind, entity))

    # Orders: their own points, the line of qualifying ones, the carts and refunds that name them or are
    # named.

    def _enter_order(self, account: Customer, entity: str, claim: OrderClaim) -> None:
        if type(claim) is Placed:
            if claim.cart is not None:
                self._convert(account, claim.cart, claim.time, 1)
            if claim.referrer:
                account.facts.ensure_links().orders_with_referrer.add(entity)
        self._put_order(account, entity, [*account.facts.orders.get(entity, ()), claim])

    def _expire_order(self, account: Customer, entity: str, known: list[OrderClaim]) -> None:
        for claim in account.facts.orders[entity]:
            if type(claim) is Placed and claim.cart is not None and claim not in known:
                self._convert(account, claim.cart, claim.time, -1)
        self._put_order(account, entity, known)

    def _put_order(self, account: Customer, entity: str, known: list[OrderClaim]) -> None:
        old = account.order(entity)
        new = account.derive_order(entity, known)
        if old == new:
            _replace(account.facts.orders, entity, known)
        elif (old is None) == (new is None) or not account.facts.refunds:
            self._change_order(account, entity, old, new)
            _replace(account.facts.orders, entity, known)
        else:
            waiting = account.refunds_by_order.get(entity, ())
            met = self._add_refunds(account, waiting, -1)
            self._change_order(account, entity, old, new)
            _replace(account.facts.orders, entity, known)
            self._whole.record_exposure(account, met, self._add_refunds(account, waiting, 1))

    def _change_order(self, account: Customer, entity: str, old: Order | None, new: Order | None) -> None:
        entry_before = qualifying_order(old) if old is not None and old.qualifying else None
        entry = qualifying_order(new) if new is not None and new.qualifying else None
        if entry != entry_before:
            self._whole.replace_order(account, entry_before, entry)
        if old is not None:
            self._orders.add(old, self.now, -1)
        if new is not None:
            self._orders.add(new, self.now, 1)
        if (new is not None and new.promised is not None) or (old is not None and old.promised is not None):
            late = [() if order is None else orders.exposures(order, self.now) for order in (old, new)]
            self._whole.record_exposure(account, *late)
            due = orders.overdue_at(new, self.now)
            if due != orders.overdue_at(old, self.now):
                self._remind(account, ORDER, entity, due)

    def _enter_refund(self, account: Customer, entity: str, claim: RefundClaim) -> None:
        account.refunds_by_order.setdefault(claim.order, set()).add(entity)
        self._put_refund(account, entity, [*account.facts.refunds.get(entity, ()), claim])

    def _put_refund(self, account: Customer, entity: str, known: list[RefundClaim]) -> None:
        account.build_order_indexes()
        section = account.facts.refunds
        old, new = refunds.completed(section.get(entity, ())), refunds.completed(known)
        met = self._add_refunds(account, (entity,), -1)
        _replace(section, entity, known)
        self._whole.record_exposure(account, met, self._add_refunds(account, (entity,), 1))
        if old is new:
            return
        before = {claim.order: account.order(claim.order) for claim in (old, new) if claim is not None}
        account.replace_completed_refund(old, new)
        for order, view in before.items():
            now = account.order(order)
            if view != now:
                self._change_order(account, order, view, now)

    def _add_refunds(self, account: Customer, entities: Iterable[str], sign: int) -> list[Exposure]:
        """Add refunds' own points, or take them back, and give what the customer met in them."""
        found = [
            refunds.derive(account.facts.refunds.get(entity, ()), account.has_order) for entity in entities
        ]
        for refund in found:
            self._refunds.add(refund, sign)
        return [encounter for refund in found for encounter in refunds.exposures(refund)]

    # Carts.

    def _convert(self, account: Customer, entity: str, time: int, sign: int) -> None:
        """An order names the cart that did not, or no longer does."""
        if not account.tracks_cart(entity):
            return
        self._take_cart(account, entity)
        if sign > 0:
            account.cart_orders.setdefault(entity, []).append(time)
        else:
            account.cart_orders[entity].remove(time)
        self._add_cart(account, entity)

    def _cart(self, account: Customer, entity: str) -> Cart | None:
        started = account.facts.carts.get(entity)
        return None if started is None else carts.derive(started, account.orders_of_cart(entity))

    def _enter_checkout(self, account: Customer, entity: str, claim: CheckoutStarted) -> None:
        self._put_cart(account, entity, [*account.facts.carts.get(entity, ()), claim])

    def _put_cart(self, account: Customer, entity: str, known: list[CheckoutStarted]) -> None:
        self._take_cart(account, entity)
        _replace(account.facts.carts, entity, known)
        self._add_cart(account, entity)

    def _take_cart(self, account: Customer, entity: str) -> None:
        cart = self._cart(account, entity)
        if cart is not None:
            self._checkout.add(cart, self.now, -1)

    def _add_cart(self, account: Customer, entity: str) -> None:
        cart = self._cart(account, entity)
        if cart is not None:
            self._checkout.add(cart, self.now, 1)
            self._remind(account, CART, entity, carts.abandoned_at(cart, self.now))

    # Tickets.

    def _enter_ticket(self, account: Customer, entity: str, claim: TicketClaim) -> None:
        self._put_ticket(account, entity, [*account.facts.tickets.get(entity, ()), claim])

    def _put_ticket(self, account: Customer, entity: str, known: list[TicketClaim]) -> None:
        old = tickets.derive(account.facts.tickets.get(entity, ()))
        new = tickets.derive(known)
        _replace(account.facts.tickets, entity, known)
        if old == new:
            return
        self._tickets.replace(old, new)
        outcome = None if old is None else self._targets.outcome(old, self.now)
        self._target(account, entity, new, outcome)

    def _target(
        self, account: Customer, entity: str, ticket: tickets.Ticket | None, before: SlaOutcome | None
    ) -> None:
        """Count what has become of a ticket's targets, no longer what had."""
        outcome = None if ticket is None else self._targets.outcome(ticket, self.now)
        if outcome == before:
            return
        if before is not None:
            self._targets.add(before, -1)
        if outcome is not None:
            self._targets.add(outcome, 1)
            if before is None or outcome.due != before.due:
                self._remind(account, TICKET, entity, outcome.due)
        slow = [() if one is None else one.exposures() for one in (before, outcome)]
        self._whole.record_exposure(account, *slow)

    # Feedback, and what else is about the customer alone.

    def _enter_review(self, account: Customer, entity: str, claim: ReviewClaim) -> None:
        self._put_review(account, entity, [*account.facts.reviews.get(entity, ()), claim])

    def _put_review(self, account: Customer, entity: str, known: list[ReviewClaim]) -> None:
        old = feedback.derive(account.facts.reviews.get(entity, ()))
        _replace(account.facts.reviews, entity, known)
        self._change_review(account, old, feedback.derive(known))

    def _change_review(self, account: Customer, old: Review | None, new: Review | None) -> None:
        if old is not None:
            self._feedback.add_review(old, -1)
        if new is not None:
            self._feedback.add_review(new, 1)
        self._whole.record_exposure(account, feedback.review_exposures(old), feedback.review_exposures(new))

    def _enter_loose(self, account: Customer, _: str, claim: CustomerClaim) -> None:
        loose = account.facts.customer_claims
        if isinstance(claim, Answered) and claim.survey == NPS:
            old = feedback.latest_nps(loose)
            if old is None or (claim.time, claim.id) > (old.time, old.id):
                self._change_nps(old, claim)
        account.add_customer_claim(claim)
        self._add_loose(claim, 1)
        if isinstance(claim, Acted):
            self._whole.add_action(account, claim)
        self._whole.record_exposure(account, (), feedback.claim_exposures(claim))

    def _add_loose(self, claim: CustomerClaim, sign: int) -> None:
        """Add what one claim adds by itself, or take it back."""
        if isinstance(claim, Answered):
            if claim.survey != NPS:
                self._feedback.add_answer(claim, sign)
        elif isinstance(claim, PaymentFailed):
            self._checkout.add_failure(claim, sign)
        elif isinstance(claim, StockMissed):
            self._checkout.add_stockout(claim, sign)

    def _expire_loose(self, account: Customer, before: int) -> None:
        before_nps = feedback.latest_nps(account.facts.customer_claims)
        for claim in account.remove_customer_claims(before):
            self._add_loose(claim, -1)
            self._whole.record_exposure(account, feedback.claim_exposures(claim), ())
            if isinstance(claim, Acted):
                self._whole.remove_action(account, claim)
        self._change_nps(before_nps, feedback.latest_nps(account.facts.customer_claims))

    def _change_nps(self, old: Answered | None, new: Answered | None) -> None:
        if old is new:
            return
        if old is not None:
            self._feedback.add_answer(old, -1)
        if new is not None:
            self._feedback.add_answer(new, 1)


def _replace(section: dict[str, list[Any]], entity: str, known: list[Any]) -> None:
    if known:
        section[entity] = known
    else:
        section.pop(entity, None)
