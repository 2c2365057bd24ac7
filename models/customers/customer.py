"""A customer at work: the row, and the indexes that it takes to change it, each made when first needed."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from models.aggregation.aggregates import YEAR
from models.customers.exposure import VariantIntervals, variant_intervals
from models.customers.facts_by_entity import CustomerFacts
from models.customers.lifecycle import CustomerStatus, TrailingYear
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR
from models.entities import feedback, orders, refunds
from models.entities.feedback import PROMOTER
from models.entities.orders import Order, OrderHistory, qualifying_order
from models.entities.refunds import NOT_REFUNDED, Refunded
from models.facts.claims import Acted, OrderClaim, Placed, Shared


class Customer:
    """A decoded customer.

    Args:
        key: of the customer's row.
        row: the claims.

    Attributes:
        acted: the actions that were asked for, or held back.
        line: the qualifying orders, sorted.
        refunded: what has been paid back: order id -> number of refunds, and their sum.
        refunds_about: order id -> refunds with a claim that has ever named it.
        shown: experiment -> its variants, and while when each was the latest shown.
        sent: the last event hour in which the customer recommended the shop, as things are; or one long ago.
        standing: as which the customer has been counted, once looked at.
    """

    __slots__ = (
        "_conversions",
        "_year",
        "acted",
        "key",
        "line",
        "refunded",
        "refunds_about",
        "row",
        "sent",
        "shown",
        "standing",
    )

    acted: list[Acted]
    line: OrderHistory
    refunded: dict[str, Refunded]
    refunds_about: dict[str, set[str]]
    sent: int
    shown: dict[str, VariantIntervals]

    def __init__(self, key: bytes, row: CustomerFacts) -> None:
        self.key = key
        self.row = row
        self.standing: CustomerStatus | None = None
        if not row.refunds:
            self.refunded = {}
        if not row.loose:
            self.acted = []
            if row.letters is None:
                self.sent = -NEVER_HOUR
        self._year: TrailingYear | None = None
        self._conversions: dict[str, list[int]] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each index has a type of its own
        """Make an index: its slot is empty until then."""
        index = _INDEXES[name](self)
        setattr(self, name, index)
        return index

    def order(self, entity: str) -> Order | None:
        """The order of that id, if it is known."""
        known = self.row.orders.get(entity)
        return None if known is None else self.derive(entity, known)

    def derive(self, entity: str, known: Sequence[OrderClaim]) -> Order | None:
        """The order that claims make. Who names oneself, by whatever identity, has not been referred."""
        order = orders.derive(known, self.refunded.get(entity, NOT_REFUNDED))
        if order is not None and order.referrer is not None and self.is_oneself(order.referrer):
            return replace(order, referrer=None)
        return order

    def is_oneself(self, identity: str) -> bool:
        """Whether an identity is one of the customer's."""
        letters = self.row.letters
        return letters is not None and (
            identity in letters.identities or (bool(letters.identities) and identity == self.key.decode())
        )

    def has_order(self, entity: str) -> bool:
        """Whether something known has placed the order of that id."""
        return any(type(claim) is Placed for claim in self.row.orders.get(entity, ()))

    def year(self, hour: int) -> TrailingYear:
        """The qualifying orders of the 365 days up to an event hour, which never goes back."""
        since = hour - YEAR.hours + 1
        if self._year is None:
            self._year = TrailingYear(self.line, since)
        else:
            self._year.advance_to(self.line, since)
        return self._year

    def renew_acted(self) -> None:
        """What `acted` rests on has changed."""
        self.acted = _acted(self)

    def renew_sent(self) -> None:
        """What `sent` rests on has changed."""
        self.sent = _sent(self)

    def heeds(self, cart: str) -> bool:
        """Whether anything here rests on the orders that name a cart."""
        return cart in self.row.carts or self._conversions is not None

    def conversions_of(self, cart: str) -> Sequence[int]:
        """When orders were placed that name a cart."""
        return self.conversions.get(cart, ())

    @property
    def conversions(self) -> dict[str, list[int]]:
        """Cart id -> when orders were placed that name it, whichever of an order's claims counts."""
        if self._conversions is None:
            self._conversions = {}
            for claims in self.row.orders.values():
                for claim in claims:
                    if type(claim) is Placed and claim.cart is not None:
                        self._conversions.setdefault(claim.cart, []).append(claim.time)
        return self._conversions


def _line(account: Customer) -> OrderHistory:
    known = [account.order(entity) for entity in account.row.orders]
    return sorted([qualifying_order(order) for order in known if order is not None and order.qualifying])


def _refunded(account: Customer) -> dict[str, Refunded]:
    section = account.row.refunds
    return refunds.refunded_of(section.values()) if section else {}


def _refunds_about(account: Customer) -> dict[str, set[str]]:
    about: dict[str, set[str]] = {}
    for entity, claims in account.row.refunds.items():
        for claim in claims:
            about.setdefault(claim.order, set()).add(entity)
    return about


def _acted(account: Customer) -> list[Acted]:
    return [claim for claim in account.row.loose if type(claim) is Acted]


def _sent(account: Customer) -> int:
    loose, letters = account.row.loose, account.row.letters
    if not loose and letters is None:
        return -NEVER_HOUR
    hours = [claim.time // US_PER_HOUR for claim in loose if isinstance(claim, Shared)]
    if letters is not None:
        hours += [at // US_PER_HOUR for at in letters.recommended]
    answer = feedback.latest_nps(loose)
    if answer is not None and answer.score >= PROMOTER:
        hours.append(answer.time // US_PER_HOUR)
    return max(hours, default=-NEVER_HOUR)


def _shown(account: Customer) -> dict[str, VariantIntervals]:
    return {experiment: variant_intervals(seen) for experiment, seen in account.row.seen.items()}


_INDEXES: Final[dict[str, Callable[[Customer], Any]]] = {
    "acted": _acted,
    "line": _line,
    "refunded": _refunded,
    "refunds_about": _refunds_about,
    "sent": _sent,
    "shown": _shown,
}
