"""The customers' books: what one more claim, or one less, changes in a partition's aggregates.

Each kind of entity has one operation, to put a set of claims in the place of another: a new claim, a claim
that has outlived the horizon and a customer that is restored are the same to it. What the entity added to the
aggregates before is taken back, and what it adds now is added; the two are compared first, since most
claims change no number.

What an entity adds may depend on the instant (a target is breached, a cart abandoned). It always stands as of
`now`, and an entry among the timers says when it will be otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, Final, get_args

from models import checkout, claims, feedback, orders, refunds, tickets
from models.account import Account, carts_of, entry_of
from models.aggregates import Aggregates
from models.checkout import CheckoutPoints
from models.claims import (
    Answered,
    AnyClaim,
    LooseClaim,
    OrderClaim,
    RefundClaim,
    ReviewClaim,
    Seen,
    TicketClaim,
)
from models.customer import after
from models.definitions import Definitions
from models.exposure import Encounter
from models.facts import Fact
from models.feedback import NPS, FeedbackPoints
from models.orders import Order, OrderPoints
from models.refunds import NOTHING, RefundPoints
from models.relationship import Relationship
from models.sla import Targets
from models.tickets import TicketPoints
from models.windows import hour

ORDER, TICKET, CART, CUSTOMER = range(4)
#: Claims that may change where a customer stands.
_MOVING: Final = frozenset(
    {claims.Placed, claims.Amended, claims.Cancelled, claims.Completed, claims.Answered, claims.Shared}
)
#: When, whose (row key), which kind of entity, which one.
Timer = tuple[int, bytes, int, str]


class Ledger:
    """Applies claims to customers, and the difference that they make to the aggregates."""

    def __init__(self, definitions: Definitions, now: int) -> None:
        self.now = now
        self.aggregates = Aggregates(definitions)
        self._timers: list[Timer] = []
        self._orders = OrderPoints(self.aggregates)
        self._refunds = RefundPoints(self.aggregates)
        self._tickets = TicketPoints(self.aggregates, definitions)
        self._targets = Targets(self.aggregates, definitions)
        self._checkout = CheckoutPoints(self.aggregates, definitions)
        self._feedback = FeedbackPoints(self.aggregates)
        self._whole = Relationship(self.aggregates, definitions, hour(now))
        self._enter: Final[dict[type[AnyClaim], Callable[[Account, str, Any], None]]] = {
            **dict.fromkeys(get_args(OrderClaim), self._enter_order),
            **dict.fromkeys(get_args(RefundClaim), self._enter_refund),
            **dict.fromkeys(get_args(TicketClaim), self._enter_ticket),
            **dict.fromkeys(get_args(ReviewClaim), self._enter_review),
            **dict.fromkeys(get_args(LooseClaim), self._enter_loose),
            claims.CheckoutStarted: self._enter_checkout,
        }

    def enter(self, account: Account, fact: Fact) -> None:
        """Make a fact known, which is not yet."""
        claim = fact.claim
        kind = type(claim)
        moving = kind in _MOVING or not account.row.known
        before = self._whole.standing(account) if moving else None
        self._enter[kind](account, fact.entity, claim)
        if kind is not claims.Contacted:
            account.row.known += 1
        if moving:
            account.forget_sent()
            self._whole.stand(account, before)
        if fact.seen is not None:
            for experiment, variant in fact.seen.items():
                seen = account.row.seen.get(experiment, ())
                self._whole.show(account, experiment, [*seen, Seen(claim.time, claim.id, variant)])

    def open(self, account: Account) -> bool:
        """Add all that a restored customer adds, as if it all came now; whether its row changed."""
        row = account.row
        met, row.met = row.met, {}
        self._whole.open(account)
        for entity in row.orders:
            order = account.order(entity)
            if order is not None:
                self._orders.add(order, self.now, 1)
                self._whole.meet(account, (), orders.met(order, self.now))
                self._remind(account, ORDER, entity, orders.due(order, self.now))
        self._whole.meet(account, (), self._add_refunds(account, row.refunds, 1))
        for entity in row.tickets:
            self._add_ticket(account, entity, tickets.derive(row.tickets[entity]))
        for versions in row.reviews.values():
            self._change_review(account, None, feedback.derive(versions))
        for entity in row.carts:
            self._add_cart(account, entity, self._cart(account, entity))
        for claim in row.loose:
            self._add_loose(account, claim, 1)
        self._change_nps(None, feedback.latest_nps(row.loose))
        return row.met != met

    def due(self, now: int) -> list[tuple[bytes, int, str]]:
        """Let the clock go on to `now`, and give what is to `ripen`: customer, kind of entity, entity."""
        timers = self._timers
        due = set()
        while timers and timers[0][0] <= now:
            due.add(heappop(timers)[1:])
        self.now = now
        due.update((key, CUSTOMER, "") for key in self._whole.go_to(hour(now)))
        return sorted(due)  # a customer's together: it may have to be decoded

    def ripen(self, account: Account, kind: int, entity: str, before: int) -> bool:
        """Let an entity add what it adds now, in the place of what it did at the instant `before`.

        Gives whether the customer's row has changed.
        """
        if kind == ORDER:
            order = account.order(entity)
            if order is not None:
                self._orders.add(order, before, -1)
                self._orders.add(order, self.now, 1)
                return self._whole.meet(account, orders.met(order, before), orders.met(order, self.now))
        elif kind == TICKET:
            ticket = tickets.derive(account.row.tickets.get(entity, ()))
            if ticket is not None:
                self._targets.add(ticket, before, -1)
                self._targets.add(ticket, self.now, 1)
                self._remind(account, TICKET, entity, self._targets.due(ticket, self.now))
                slow = self._targets.met(ticket, before), self._targets.met(ticket, self.now)
                return self._whole.meet(account, *slow)
        elif kind == CUSTOMER:
            self._whole.stand(account, self._whole.standing(account, hour(before)))
        else:
            cart = self._cart(account, entity)
            if cart is not None:
                self._checkout.add(cart, before, -1)
                self._checkout.add(cart, self.now, 1)
        return False

    def expire(self, account: Account, before: int) -> None:
        """Forget every claim from before a time (microseconds)."""
        row, standing = account.row, self._whole.standing(account)
        sections: list[tuple[dict[str, list[Any]], Callable[[Account, str, list[Any]], None]]] = [
            (row.refunds, self._put_refund),
            (row.orders, self._put_order),
            (row.tickets, self._put_ticket),
            (row.reviews, self._put_review),
            (row.carts, self._put_cart),
        ]
        for section, put in sections:
            for entity, known in list(section.items()):
                kept = after(known, before)
                if len(kept) < len(known):
                    put(account, entity, kept)
        self._expire_loose(account, before)
        for experiment, seen in list(row.seen.items()):
            self._whole.show(account, experiment, after(seen, before))
        account.recount()
        row.recount()
        account.forget_sent()
        self._whole.stand(account, standing)

    def _remind(self, account: Account, kind: int, entity: str, due: int | None) -> None:
        if due is not None:
            heappush(self._timers, (due, account.key, kind, entity))

    # Orders: their own points, the line of qualifying ones, the carts and refunds that name them or are
    # named.

    def _enter_order(self, account: Account, entity: str, claim: OrderClaim) -> None:
        self._put_order(account, entity, [*account.row.orders.get(entity, ()), claim])

    def _put_order(self, account: Account, entity: str, known: list[OrderClaim]) -> None:
        carts, carts_before = carts_of(known), carts_of(account.row.orders.get(entity, ()))
        if carts != carts_before:
            self._convert(account, carts_before, carts)
        old = account.order(entity)
        new = orders.derive(known, account.refunded.get(entity, NOTHING))
        if old == new:
            _replace(account.row.orders, entity, known)
        elif (old is None) == (new is None) or not account.row.refunds:
            self._change_order(account, entity, old, new)
            _replace(account.row.orders, entity, known)
        else:
            waiting = account.refunds_about.get(entity, ())
            met = self._add_refunds(account, waiting, -1)
            self._change_order(account, entity, old, new)
            _replace(account.row.orders, entity, known)
            self._whole.meet(account, met, self._add_refunds(account, waiting, 1))

    def _change_order(self, account: Account, entity: str, old: Order | None, new: Order | None) -> None:
        entry_before = entry_of(old) if old is not None and old.qualifying else None
        entry = entry_of(new) if new is not None and new.qualifying else None
        if entry != entry_before:
            self._whole.move(account, entry_before, entry)
        if old is not None:
            self._orders.add(old, self.now, -1)
        if new is not None:
            self._orders.add(new, self.now, 1)
        late = [() if order is None else orders.met(order, self.now) for order in (old, new)]
        self._whole.meet(account, *late)
        due = orders.due(new, self.now)
        if due != orders.due(old, self.now):
            self._remind(account, ORDER, entity, due)

    def _enter_refund(self, account: Account, entity: str, claim: RefundClaim) -> None:
        account.refunds_about.setdefault(claim.order, set()).add(entity)
        self._put_refund(account, entity, [*account.row.refunds.get(entity, ()), claim])

    def _put_refund(self, account: Account, entity: str, known: list[RefundClaim]) -> None:
        section, refunded, _ = account.row.refunds, account.refunded, account.line
        old, new = refunds.completed(section.get(entity, ())), refunds.completed(known)
        met = self._add_refunds(account, (entity,), -1)
        _replace(section, entity, known)
        self._whole.meet(account, met, self._add_refunds(account, (entity,), 1))
        if old is new:
            return
        before = {claim.order: account.order(claim.order) for claim in (old, new) if claim is not None}
        if old is not None:
            number, paid = refunded[old.order]
            refunded[old.order] = (number - 1, paid - old.amount)
        if new is not None:
            number, paid = refunded.get(new.order, NOTHING)
            refunded[new.order] = (number + 1, paid + new.amount)
        for order, view in before.items():
            now = account.order(order)
            if view != now:
                self._change_order(account, order, view, now)

    def _add_refunds(self, account: Account, entities: Iterable[str], sign: int) -> list[Encounter]:
        """Add refunds' own points, or take them back, and give what the customer met in them."""
        found = [
            refunds.derive(account.row.refunds.get(entity, ()), account.has_order) for entity in entities
        ]
        for refund in found:
            self._refunds.add(refund, sign)
        return [encounter for refund in found for encounter in refunds.met(refund)]

    def _convert(self, account: Account, before: list[tuple[str, int]], now: list[tuple[str, int]]) -> None:
        """Carts are named by other orders than before."""
        entities = {cart for cart, _ in (*before, *now)}
        for entity in entities:
            self._take_cart(account, entity)
        for entity, time in before:
            account.conversions[entity].remove(time)
        for entity, time in now:
            account.conversions.setdefault(entity, []).append(time)
        for entity in entities:
            self._add_cart(account, entity, self._cart(account, entity))

    # Carts.

    def _cart(self, account: Account, entity: str) -> checkout.Cart | None:
        started = account.row.carts.get(entity, ())
        return checkout.derive(started, account.conversions.get(entity, ())) if started else None

    def _enter_checkout(self, account: Account, entity: str, claim: claims.CheckoutStarted) -> None:
        self._put_cart(account, entity, [*account.row.carts.get(entity, ()), claim])

    def _put_cart(self, account: Account, entity: str, known: list[claims.CheckoutStarted]) -> None:
        self._take_cart(account, entity)
        _replace(account.row.carts, entity, known)
        self._add_cart(account, entity, self._cart(account, entity))

    def _take_cart(self, account: Account, entity: str) -> None:
        cart = self._cart(account, entity)
        if cart is not None:
            self._checkout.add(cart, self.now, -1)

    def _add_cart(self, account: Account, entity: str, cart: checkout.Cart | None) -> None:
        if cart is not None:
            self._checkout.add(cart, self.now, 1)
            self._remind(account, CART, entity, checkout.due(cart, self.now))

    # Tickets.

    def _enter_ticket(self, account: Account, entity: str, claim: TicketClaim) -> None:
        self._put_ticket(account, entity, [*account.row.tickets.get(entity, ()), claim])

    def _put_ticket(self, account: Account, entity: str, known: list[TicketClaim]) -> None:
        old = tickets.derive(account.row.tickets.get(entity, ()))
        new = tickets.derive(known)
        _replace(account.row.tickets, entity, known)
        if old == new:
            return
        if old is None:
            self._add_ticket(account, entity, new)
            return
        self._tickets.add(old, -1)
        self._targets.add(old, self.now, -1)
        slow = self._targets.met(old, self.now)
        self._add_ticket(account, entity, new, slow, self._targets.due(old, self.now))

    def _add_ticket(
        self,
        account: Account,
        entity: str,
        ticket: tickets.Ticket | None,
        slow: Sequence[Encounter] = (),
        reminded: int | None = None,
    ) -> None:
        self._whole.meet(account, slow, () if ticket is None else self._targets.met(ticket, self.now))
        if ticket is None:
            return
        self._tickets.add(ticket, 1)
        self._targets.add(ticket, self.now, 1)
        due = self._targets.due(ticket, self.now)
        if due != reminded:
            self._remind(account, TICKET, entity, due)

    # Feedback, and what else is about the customer alone.

    def _enter_review(self, account: Account, entity: str, claim: ReviewClaim) -> None:
        self._put_review(account, entity, [*account.row.reviews.get(entity, ()), claim])

    def _put_review(self, account: Account, entity: str, known: list[ReviewClaim]) -> None:
        old = feedback.derive(account.row.reviews.get(entity, ()))
        _replace(account.row.reviews, entity, known)
        self._change_review(account, old, feedback.derive(known))

    def _change_review(
        self, account: Account, old: feedback.Review | None, new: feedback.Review | None
    ) -> None:
        self._whole.meet(account, feedback.met(old), feedback.met(new))
        if old is not None:
            self._feedback.add_review(old, -1)
        if new is not None:
            self._feedback.add_review(new, 1)

    def _enter_loose(self, account: Account, _: str, claim: LooseClaim) -> None:
        loose = account.row.loose
        if isinstance(claim, Answered) and claim.survey == NPS:
            old = feedback.latest_nps(loose)
            if old is None or (claim.time, claim.id) > (old.time, old.id):
                self._change_nps(old, claim)
        loose.append(claim)
        self._add_loose(account, claim, 1)

    def _add_loose(self, account: Account, claim: LooseClaim, sign: int) -> None:
        """Add what one claim adds by itself, or take it back."""
        met = feedback.met_in(claim)
        self._whole.meet(account, () if sign > 0 else met, met if sign > 0 else ())
        if isinstance(claim, Answered):
            if claim.survey != NPS:
                self._feedback.add_answer(claim, sign)
        elif isinstance(claim, claims.PaymentFailed):
            self._checkout.add_failure(claim, sign)
        elif isinstance(claim, claims.StockMissed):
            self._checkout.add_stockout(claim, sign)

    def _expire_loose(self, account: Account, before: int) -> None:
        row = account.row
        known, row.loose = row.loose, after(row.loose, before)
        for claim in known:
            if claim.time < before:
                self._add_loose(account, claim, -1)
        self._change_nps(feedback.latest_nps(known), feedback.latest_nps(row.loose))

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
