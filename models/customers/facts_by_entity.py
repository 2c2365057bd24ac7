"""The visible facts of one customer, grouped by the entity that they are about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from models.definitions.windows import NEVER_HOUR, NEVER_US, US_PER_HOUR
from models.facts.claim_types import CLAIM_TYPES, ENTITY_KINDS, NON_CUSTOMER_CLAIMS
from models.facts.claims import (
    Answered,
    CheckoutStarted,
    Claim,
    CustomerClaim,
    LinePlaced,
    OrderClaim,
    Placed,
    RefundClaim,
    ReviewClaim,
    Seen,
    Submitted,
    TicketClaim,
)
from models.facts.control import KeptAttributes, KeptOrder, StoredControlFact, SupersededAttributes
from models.facts.details import ATTRIBUTES, COUPON, ORDER_ID, TICKET_ID, Details
from models.facts.fact import AnyClaim, Fact
from models.facts.origins import with_origins
from models.identity.links import CustomerLinks

_C = TypeVar("_C", bound=Claim)

_CUSTOMER: Final = len(ENTITY_KINDS)
_LINKS: Final = _CUSTOMER + 1
_REVIEW: Final = _CUSTOMER + 2
#: Claim type -> the section that holds it: an index in `CustomerFacts.sections`, or one of the above.
_SECTION: Final[dict[type[Claim], int]] = {
    **{
        claim: _CUSTOMER if entry.entity is None else ENTITY_KINDS.index(entry.entity)
        for claim, entry in CLAIM_TYPES.items()
    },
    **dict.fromkeys(get_args(StoredControlFact), _LINKS),
    Submitted: _REVIEW,
}


class CustomerFacts:
    """The claims of one customer by entity.

    Args:
        facts: the visible facts of the customer's fact log.
        with_details: whether to fill `details`, which only segments need.

    Attributes:
        answer_tickets: time and id of a survey answer -> id of the ticket that it is about.
        carts: cart id -> claims.
        details: time and id of an event -> its details, of events with attributes or a coupon.
        customer_claims: claims about the customer alone, such as survey answers.
        earliest_hour: event hour of the oldest claim, `NEVER_HOUR` without claims; the customer expires in
            part or in whole when this hour leaves the horizon.
        event_count: number of claims that make a person a customer, which excludes `NON_CUSTOMER_CLAIMS`.
        exposures: exposure -> event hours in which the customer had this bad experience, sorted; filled by
            `models.customers.aggregator`, as it follows from all entities together.
        kept_attributes: attributes from beyond the horizon, and those that wait until they leave it.
        kept_order: the customer's first order, if it lies beyond the horizon.
        links: the customer's links to other customers; None for nearly all customers.
        orders: order id -> claims.
        refunds: refund id -> claims.
        review_orders: time and id of a version of a review -> id of the order that it names.
        reviews: review id -> claims.
        tickets: ticket id -> claims.
        variants_seen: experiment -> the variants that events showed.
    """

    __slots__ = (
        "_with_details",
        "answer_tickets",
        "carts",
        "customer_claims",
        "details",
        "earliest_hour",
        "event_count",
        "exposures",
        "kept_attributes",
        "kept_order",
        "links",
        "orders",
        "refunds",
        "review_orders",
        "reviews",
        "tickets",
        "variants_seen",
    )

    def __init__(self, facts: Iterable[Fact] = (), *, with_details: bool = True) -> None:
        self.earliest_hour = NEVER_HOUR
        self.event_count = 0
        self.kept_order: KeptOrder | None = None
        self.kept_attributes: list[KeptAttributes] = []
        self.details: dict[tuple[int, str], Details] = {}
        self.links: CustomerLinks | None = None
        self.exposures: dict[int, list[int]] = {}
        self.orders: dict[str, list[OrderClaim]] = {}
        self.refunds: dict[str, list[RefundClaim]] = {}
        self.tickets: dict[str, list[TicketClaim]] = {}
        self.reviews: dict[str, list[ReviewClaim]] = {}
        self.carts: dict[str, list[CheckoutStarted]] = {}
        self.variants_seen: dict[str, list[Seen]] = {}
        self.customer_claims: list[CustomerClaim] = []
        self.answer_tickets: dict[tuple[int, str], str] = {}
        self.review_orders: dict[tuple[int, str], str] = {}
        self._with_details = with_details
        self._add(facts)

    @classmethod
    def of(cls, key: bytes, facts: Sequence[Fact], *, with_details: bool = True) -> "CustomerFacts":
        """Return the facts of the customer with this key. Claims of a merged customer get their origins."""
        found = cls(facts, with_details=with_details)
        if found.links is None or not found.is_merged:  # nearly none has links
            return found
        return cls(with_origins(facts, key.decode()), with_details=with_details)

    @property
    def is_merged(self) -> bool:
        """Whether the customer has other identities."""
        return self.links is not None and bool(self.links.identities)

    def _add(self, facts: Iterable[Fact]) -> None:
        """Sort facts into the sections, in one loop as this is part of decoding every customer."""
        sections: tuple[dict[str, list[Any]], ...] = self.sections()
        earliest = NEVER_US
        count, with_details = 0, self._with_details
        for fact in facts:
            claim = fact.claim
            kind = type(claim)
            section = _SECTION[kind]
            if section >= _CUSTOMER:
                if section == _LINKS:
                    self._add_control_fact(fact.entity, claim)  # type: ignore[arg-type]
                    continue
                self._add_with_details(fact)
                count -= kind in NON_CUSTOMER_CLAIMS
            elif (claims := sections[section].get(fact.entity)) is not None:
                claims.append(claim)
            else:
                sections[section][fact.entity] = [claim]
            if claim.time < earliest:  # noqa: PLR1730 - min() takes three times as long
                earliest = claim.time
            if (kind is Placed or kind is LinePlaced) and claim.referrer:  # type: ignore[union-attr]
                self.ensure_links().orders_with_referrer.add(fact.entity)
            count += 1
            if with_details and fact.details is not None:
                self.record_details(fact)
            if fact.seen is not None:
                self._add_variants(claim, fact.seen)
        self.event_count = count
        if self.links is not None or self.kept_attributes:
            earliest = min(earliest, self._earliest_control_fact())
        self.earliest_hour = NEVER_HOUR if earliest == NEVER_US else earliest // US_PER_HOUR

    def _add_with_details(self, fact: Fact) -> None:
        """Add a claim about the customer alone or a version of a review, whose details other metrics use."""
        if isinstance(fact.claim, Submitted):
            self.reviews.setdefault(fact.entity, []).append(fact.claim)
        else:
            self.customer_claims.append(fact.claim)  # type: ignore[arg-type]
        self.record_details(fact)

    def _add_variants(self, claim: AnyClaim, seen: Mapping[str, str]) -> None:
        for experiment, variant in seen.items():
            self.variants_seen.setdefault(experiment, []).append(Seen(claim.time, claim.id, variant))

    def record_details(self, fact: Fact) -> None:
        """Record the details that metrics use.

        These are attributes, coupons, the ticket that an answer names, and the order that a review names.
        """
        details, claim = fact.details, fact.claim
        if details is None:
            return
        if self._with_details and (ATTRIBUTES in details or COUPON in details):
            self.details[claim.time, claim.id] = details
        if isinstance(claim, Answered):
            if TICKET_ID in details:
                self.answer_tickets[claim.time, claim.id] = details[TICKET_ID]
        elif isinstance(claim, Submitted) and ORDER_ID in details:
            self.review_orders[claim.time, claim.id] = details[ORDER_ID]

    def _add_control_fact(self, entity: str, claim: StoredControlFact) -> None:
        if type(claim) is KeptOrder:
            self.kept_order = claim
        elif isinstance(claim, KeptAttributes):
            self.kept_attributes.append(claim)
        else:
            self.ensure_links().add(entity, claim)

    def set_kept_attributes(self, facts: Iterable[Fact]) -> None:
        """Replace the attributes from beyond the horizon by those of a fact log."""
        self.kept_attributes = [fact.claim for fact in facts if isinstance(fact.claim, KeptAttributes)]

    def _earliest_control_fact(self) -> int:
        """Return the time of the oldest thing that a control fact is about and that leaves the horizon."""
        waiting = [each.at for each in self.kept_attributes if isinstance(each, SupersededAttributes)]
        return min([NEVER_US if self.links is None else self.links.earliest, *waiting])

    def ensure_links(self) -> CustomerLinks:
        """Return the customer's links, and create them if there are none yet."""
        if self.links is None:
            self.links = CustomerLinks()
        return self.links

    def sections(self) -> tuple[dict[str, list[Any]], ...]:
        """Return entity id -> claims for each kind: orders, refunds, tickets, reviews and carts."""
        return self.orders, self.refunds, self.tickets, self.reviews, self.carts

    def claims(self) -> Iterator[AnyClaim]:
        """Yield all claims, without the variants that events showed and without links."""
        for section in self.sections():
            for claims in section.values():
                yield from claims
        yield from self.customer_claims

    def recompute_totals(self) -> None:
        """Compute `earliest_hour` and `event_count` again, after claims were removed."""
        self.event_count = sum(type(claim) not in NON_CUSTOMER_CLAIMS for claim in self.claims())
        oldest = min((claim.time for claim in self.claims()), default=NEVER_US)
        oldest = min(oldest, self._earliest_control_fact())
        self.earliest_hour = NEVER_HOUR if oldest == NEVER_US else oldest // US_PER_HOUR


def replace_claims(section: dict[str, list[Any]], entity: str, claims: list[Any]) -> None:
    """Replace an entity's claims in a section; without claims, remove the entity."""
    if claims:
        section[entity] = claims
    else:
        section.pop(entity, None)


def claims_since(claims: list[_C], time: int) -> list[_C]:
    """Return the claims from `time` (microseconds since the epoch) on."""
    return [claim for claim in claims if claim.time >= time]
