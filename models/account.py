"""A customer at work: the row, and the indexes that it takes to change it, each made when first needed."""

from collections.abc import Iterable

from models import feedback, orders, refunds
from models.aggregates import YEAR
from models.claims import OrderClaim, Placed, Shared
from models.customer import NEVER, Row
from models.feedback import PROMOTER
from models.orders import Order
from models.refunds import NOTHING, Refunded
from models.retention import Entry, Line
from models.standing import Year
from models.windows import US_PER_HOUR


class Account:
    """A decoded customer.

    Args:
        key: of the customer's row.
        row: the claims.
        encoded: as which the row was decoded.
    """

    __slots__ = (
        "_about",
        "_conversions",
        "_encoded",
        "_ids",
        "_line",
        "_refunded",
        "_sent",
        "_year",
        "key",
        "row",
    )

    def __init__(self, key: bytes, row: Row, encoded: bytes = b"") -> None:
        self.key = key
        self.row = row
        self._encoded = encoded
        self._ids: set[str] = set()
        self._line: Line | None = None
        self._refunded: dict[str, Refunded] | None = None
        self._year: Year | None = None
        self._sent: int | None = None
        self._about: dict[str, set[str]] | None = None
        self._conversions: dict[str, list[int]] | None = None

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

    def order(self, entity: str) -> Order | None:
        """The order of that id, if it is known."""
        return orders.derive(self.row.orders.get(entity, ()), self.refunded.get(entity, NOTHING))

    def has_order(self, entity: str) -> bool:
        """Whether something known has placed the order of that id."""
        return any(isinstance(claim, Placed) for claim in self.row.orders.get(entity, ()))

    @property
    def line(self) -> Line:
        """The qualifying orders, sorted."""
        if self._line is None:
            known = [self.order(entity) for entity in self.row.orders]
            self._line = sorted(entry_of(order) for order in known if order is not None and order.qualifying)
        return self._line

    def year(self, hour: int) -> Year:
        """The qualifying orders of the 365 days up to an event hour, which never goes back."""
        since = hour - YEAR.hours + 1
        if self._year is None:
            self._year = Year(self.line, since)
        else:
            self._year.move(self.line, since)
        return self._year

    @property
    def sent(self) -> int:
        """The last event hour in which the customer recommended the shop, as things are; or one long ago."""
        if self._sent is None:
            hours = [claim.time // US_PER_HOUR for claim in self.row.loose if isinstance(claim, Shared)]
            answer = feedback.latest_nps(self.row.loose)
            if answer is not None and answer.score >= PROMOTER:
                hours.append(answer.time // US_PER_HOUR)
            self._sent = max(hours, default=-NEVER)
        return self._sent

    def forget_sent(self) -> None:
        """What `sent` rests on has changed."""
        self._sent = None

    @property
    def refunded(self) -> dict[str, Refunded]:
        """What has been paid back: order id -> number of refunds, and their sum."""
        if self._refunded is None:
            self._refunded = refunds.refunded_of(self.row.refunds.values())
        return self._refunded

    @property
    def refunds_about(self) -> dict[str, set[str]]:
        """Order id -> refunds with a claim that has ever named it."""
        if self._about is None:
            self._about = {}
            for entity, claims in self.row.refunds.items():
                for claim in claims:
                    self._about.setdefault(claim.order, set()).add(entity)
        return self._about

    @property
    def conversions(self) -> dict[str, list[int]]:
        """Cart id -> when orders were placed that name it."""
        if self._conversions is None:
            self._conversions = {}
            for claims in self.row.orders.values():
                for cart, time in carts_of(claims):
                    self._conversions.setdefault(cart, []).append(time)
        return self._conversions


def carts_of(claims: Iterable[OrderClaim]) -> list[tuple[str, int]]:
    """Give the carts that an order's claims name, whichever of them counts, and when they do."""
    return [(claim.cart, claim.time) for claim in claims if type(claim) is Placed and claim.cart is not None]


def entry_of(order: Order) -> Entry:
    """Give a qualifying order's place in the customer's line."""
    return order.time, order.id, order.hour, order.channel, order.currency, order.net
