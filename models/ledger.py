"""The customers' books: what one more claim, or one less, changes in a partition's aggregates.

Each kind of entity has one operation, to put a set of claims in the place of another: a new claim, a claim
that has outlived the horizon and a customer that is restored are the same to it. What the entity added to the
aggregates before is taken back, and what it adds now is added; the two are compared first, since most claims
change no number.
"""

from typing import TYPE_CHECKING, Any, Final, get_args

from models import claims, feedback, orders, tickets
from models.aggregates import Aggregates
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
from models.customer import Row, after
from models.definitions import Definitions
from models.facts import Fact
from models.feedback import NPS, FeedbackPoints
from models.orders import NOTHING, Order, OrderPoints, Refunded
from models.retention import Entry, Line, RetentionPoints
from models.tickets import TicketPoints
from models.windows import US_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Callable


class Account:
    """A customer at work: the row, and what is derived from it when first needed.

    Args:
        row: the claims.
        encoded: as which it was decoded.
    """

    __slots__ = ("_encoded", "_ids", "_line", "_refunded", "row")

    def __init__(self, row: Row, encoded: bytes = b"") -> None:
        self.row = row
        self._encoded = encoded
        self._ids: set[str] = set()
        self._refunded: dict[str, Refunded] | None = None
        self._line: Line | None = None

    def admits(self, event_id: str) -> bool:
        """Take note of an event's id; False if it is known already."""
        if event_id in self._ids:
            return False
        if self._encoded and event_id.encode() in self._encoded:
            # Maybe an id of something else: only now is it worth looking at every claim.
            self.recount()
            if event_id in self._ids:
                return False
        self._ids.add(event_id)
        return True

    def recount(self) -> None:
        """Know the events by their claims, not by the row they came from."""
        self._ids = self.row.ids()
        self._encoded = b""

    @property
    def refunded(self) -> dict[str, Refunded]:
        """What has been paid back: order id -> number of refunds, and their sum."""
        if self._refunded is None:
            self._refunded = orders.refunded_of(self.row.refunds.values())
        return self._refunded

    @property
    def line(self) -> Line:
        """The qualifying orders, sorted."""
        if self._line is None:
            known = [self.order(entity) for entity in self.row.orders]
            self._line = sorted(_entry(order) for order in known if order is not None and order.qualifying)
        return self._line

    def order(self, entity: str) -> Order | None:
        """The order of that id, if it is known."""
        return orders.derive(self.row.orders.get(entity, ()), self.refunded.get(entity, NOTHING))


def _entry(order: Order) -> Entry:
    return order.time, order.id, order.hour, order.channel, order.currency, order.net


class Ledger:
    """Applies claims to customers, and the difference that they make to the aggregates."""

    def __init__(self, definitions: Definitions) -> None:
        self.aggregates = Aggregates(definitions)
        self._orders = OrderPoints(self.aggregates)
        self._retention = RetentionPoints(self.aggregates, definitions)
        self._tickets = TicketPoints(self.aggregates, definitions)
        self._feedback = FeedbackPoints(self.aggregates)
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
        self._enter[type(claim)](account, fact.entity, claim)
        if fact.seen is not None:
            for experiment, variant in fact.seen.items():
                account.row.seen.setdefault(experiment, []).append(Seen(claim.time, claim.id, variant))

    def open(self, account: Account) -> None:
        """Add all that a restored customer adds."""
        row = account.row
        for entity in row.orders:
            order = account.order(entity)
            if order is not None:
                self._orders.add(order)
        self._retention.add_line(account.line)
        for conversation in row.tickets.values():
            ticket = tickets.derive(conversation)
            if ticket is not None:
                self._tickets.add(ticket)
        for versions in row.reviews.values():
            review = feedback.derive(versions)
            if review is not None:
                self._feedback.add_review(review, 1)
        for claim in row.loose:
            if isinstance(claim, Answered) and claim.survey != NPS:
                self._feedback.add_answer(claim, 1)
        self._change_nps(None, feedback.latest_nps(row.loose))

    def expire(self, account: Account, before: int) -> None:
        """Forget every claim from before a time (microseconds)."""
        row = account.row
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
        self._expire_loose(row, before)
        for experiment, seen in list(row.seen.items()):
            _replace(row.seen, experiment, after(seen, before))
        account.recount()
        row.earliest = row.first_hour()

    def _enter_order(self, account: Account, entity: str, claim: OrderClaim) -> None:
        self._put_order(account, entity, [*account.row.orders.get(entity, ()), claim])

    def _put_order(self, account: Account, entity: str, known: list[OrderClaim]) -> None:
        old = account.order(entity)
        new = orders.derive(known, account.refunded.get(entity, NOTHING))
        if old != new:
            self._change_order(account.line, old, new)
        _replace(account.row.orders, entity, known)

    def _change_order(self, line: Line, old: Order | None, new: Order | None) -> None:
        if old is not None:
            self._orders.remove(old)
            if old.qualifying:
                self._retention.remove(line, _entry(old))
        if new is not None:
            self._orders.add(new)
            if new.qualifying:
                self._retention.insert(line, _entry(new))

    def _enter_refund(self, account: Account, entity: str, claim: RefundClaim) -> None:
        self._put_refund(account, entity, [*account.row.refunds.get(entity, ()), claim])

    def _put_refund(self, account: Account, entity: str, known: list[RefundClaim]) -> None:
        line, refunded = account.line, account.refunded
        old = orders.completed(account.row.refunds.get(entity, ()))
        new = orders.completed(known)
        _replace(account.row.refunds, entity, known)
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
                self._change_order(line, view, now)

    def _enter_ticket(self, account: Account, entity: str, claim: TicketClaim) -> None:
        self._put_ticket(account, entity, [*account.row.tickets.get(entity, ()), claim])

    def _put_ticket(self, account: Account, entity: str, known: list[TicketClaim]) -> None:
        old = tickets.derive(account.row.tickets.get(entity, ()))
        new = tickets.derive(known)
        _replace(account.row.tickets, entity, known)
        if old == new:
            return
        if old is not None:
            self._tickets.remove(old)
        if new is not None:
            self._tickets.add(new)

    def _enter_review(self, account: Account, entity: str, claim: ReviewClaim) -> None:
        self._put_review(account, entity, [*account.row.reviews.get(entity, ()), claim])

    def _put_review(self, account: Account, entity: str, known: list[ReviewClaim]) -> None:
        old = feedback.derive(account.row.reviews.get(entity, ()))
        new = feedback.derive(known)
        _replace(account.row.reviews, entity, known)
        if old is not None:
            self._feedback.add_review(old, -1)
        if new is not None:
            self._feedback.add_review(new, 1)

    def _enter_checkout(self, account: Account, entity: str, claim: claims.CheckoutStarted) -> None:
        self._put_cart(account, entity, [*account.row.carts.get(entity, ()), claim])

    def _put_cart(self, account: Account, entity: str, known: list[claims.CheckoutStarted]) -> None:
        _replace(account.row.carts, entity, known)

    def _enter_loose(self, account: Account, _: str, claim: LooseClaim) -> None:
        loose = account.row.loose
        if not isinstance(claim, Answered):
            loose.append(claim)
        elif claim.survey != NPS:
            loose.append(claim)
            self._feedback.add_answer(claim, 1)
        else:
            old = feedback.latest_nps(loose)
            loose.append(claim)
            if old is None or (claim.time, claim.id) > (old.time, old.id):
                self._change_nps(old, claim)

    def _expire_loose(self, row: Row, before: int) -> None:
        known, row.loose = row.loose, after(row.loose, before)
        for claim in known:
            if claim.time < before and isinstance(claim, Answered) and claim.survey != NPS:
                self._feedback.add_answer(claim, -1)
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


def known_since(at: int, horizon_days: int) -> int:
    """Give the first instant, in microseconds, of the hours that are known at event hour `at`."""
    return (at - 24 * horizon_days + 1) * US_PER_HOUR
