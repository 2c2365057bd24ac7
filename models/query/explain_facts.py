"""Explain what each fact of a customer counts for, entity by entity (docs/metrics.md, "Definitions").

Each function explains the claims of one entity. The explanations follow the rules of `models.entities` and
use what it derives.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from models.customers.customer import Customer
from models.entities import feedback, orders, refunds, tickets
from models.entities.carts import ABANDONED_AFTER_US
from models.entities.tickets import Ticket
from models.facts import claims
from models.facts.claims import Claim
from models.query.responses import Use

_C = TypeVar("_C", bound=Claim)


class Explanation(NamedTuple):
    """The metrics that a claim counts for, and why.

    Attributes:
        claim: the claim.
        uses: metrics that include the claim; empty if none does.
        reason: why it counts, or why not, in a sentence.
        superseded_by: id of the event that counts instead; None if there is none.
    """

    claim: Claim
    uses: list[Use]
    reason: str
    superseded_by: str | None = None


def _of(known: Iterable[Claim], kind: type[_C]) -> list[_C]:
    """Return the claims of one kind, sorted by time and id."""
    return sorted((claim for claim in known if isinstance(claim, kind)), key=_rank)


def _rank(claim: Claim) -> tuple[int, str]:
    return claim.time, claim.id


def _superseded(losers: Iterable[Claim], winner: Claim, reason: str) -> Iterator[Explanation]:
    for claim in losers:
        yield Explanation(claim, [], reason, winner.id)


def _first_counts(
    found: Sequence[Claim], uses: list[Use], reason: str, repeated: str
) -> Iterator[Explanation]:
    """Yield explanations of claims of which the earliest counts.

    Args:
        found: claims of one kind, sorted; may be empty.
        uses: metrics that include the earliest one.
        reason: why it counts.
        repeated: why the others do not.
    """
    if found:
        yield Explanation(found[0], uses, reason)
        yield from _superseded(found[1:], found[0], repeated)


def explain_order(customer: Customer, entity: str, now: int) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one order, at `now` in microseconds."""
    known = customer.facts.orders[entity]
    order = customer.order(entity)
    if order is None:
        yield from _incomplete(known, f"does not count yet: no known event has placed order {entity}")
        return
    yield from _placings(customer, entity, order, now)
    yield from _amended(_of(known, claims.Amended), order)
    yield from _first_counts(
        _of(known, claims.Cancelled),
        ["retention", "refunds"],
        f"cancels order {entity}, which therefore does not qualify",
        f"order {entity} was cancelled by an earlier event",
    )
    for claim in _of(known, claims.Shipped):
        yield Explanation(claim, [], "no metric uses the time of shipping")
    yield from _first_counts(
        _of(known, claims.Delivered),
        _late(order, now, ["deliveries"]),
        f"delivers order {entity}",
        f"order {entity} was delivered by an earlier event",
    )


def _placings(customer: Customer, entity: str, order: orders.Order, now: int) -> Iterator[Explanation]:
    placed = _of(customer.facts.orders[entity], claims.Placed)
    uses = [*_qualifying_uses(order), *_cart(customer, placed[0]), *_delivery_uses(order, now)]
    yield Explanation(placed[0], uses, _placing_reason(customer, entity, order))
    for rival in placed[1:]:
        reason = f"order {entity} was placed by an earlier event, which counts instead"
        yield Explanation(rival, _cart(customer, rival), reason, placed[0].id)


def _incomplete(known: Iterable[Claim], reason: str) -> Iterator[Explanation]:
    for claim in known:
        yield Explanation(claim, [], reason)


def _late(order: orders.Order, now: int, uses: list[Use]) -> list[Use]:
    return [*uses, "exposure"] if orders.exposures(order, now) else uses


def _cart(customer: Customer, claim: claims.Placed) -> list[Use]:
    return ["carts"] if claim.cart is not None and claim.cart in customer.facts.carts else []


def _qualifying_uses(order: orders.Order) -> list[Use]:
    uses: list[Use] = []
    if order.qualifying:
        uses.append("retention")
        if order.referrer is not None:
            uses.append("referrals")
    if not order.cancelled:
        uses.append("refunds")
    return uses


def _delivery_uses(order: orders.Order, now: int) -> list[Use]:
    if order.delivered is None and not orders.is_overdue(order, now):
        return []
    return _late(order, now, ["deliveries"])


def _placing_reason(customer: Customer, entity: str, order: orders.Order) -> str:
    if order.qualifying:
        first = customer.order_history[0].id == order.id
        return f"places order {entity}, which qualifies" + (" and is the customer's first" if first else "")
    if order.cancelled:
        by = _of(customer.facts.orders[entity], claims.Cancelled)[0].id
        return f"places order {entity}, which does not qualify because event {by} cancels it"
    return f"places order {entity}, which does not qualify because it is fully refunded"


def _amended(amended: Sequence[claims.Amended], order: orders.Order) -> Iterator[Explanation]:
    if not amended:
        return
    uses: list[Use] = [] if order.cancelled else ["retention", "refunds"]
    reason = "the latest amendment, which sets the order's amount"
    if order.cancelled:
        reason = "amends a cancelled order"
    yield Explanation(amended[-1], uses, reason)
    yield from _superseded(amended[:-1], amended[-1], "a later amendment counts instead")


def explain_refund(customer: Customer, entity: str) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one refund."""
    known = customer.facts.refunds[entity]
    refund = refunds.derive(known, customer.has_order)
    for kind, explain in (
        (claims.Requested, _requested),
        (claims.Completed, _completed),
        (claims.Rejected, _rejected),
    ):
        found: list[Any] = _of(known, kind)
        if not found:
            continue
        winner = found[0]
        if customer.has_order(winner.order):
            yield explain(customer, winner, refund)
        else:
            yield Explanation(
                winner, [], f"does not count yet: no known event has placed order {winner.order}"
            )
        yield from _superseded(found[1:], winner, f"an earlier event about refund {entity} counts instead")


def _requested(_: Customer, claim: claims.Requested, refund: refunds.Refund) -> Explanation:
    if refund.completed is not None:
        return Explanation(claim, ["refunds"], "requests a refund, and starts the refund time")
    if refund.rejected is not None:
        return Explanation(claim, [], "requests a refund, which was rejected")
    return Explanation(claim, ["refunds"], "requests a refund, which is still open")


def _completed(customer: Customer, claim: claims.Completed, _: refunds.Refund) -> Explanation:
    order = customer.order(claim.order)
    if order is None or order.qualifying or order.cancelled:
        reason = f"refunds order {claim.order}"
    else:
        reason = f"refunds order {claim.order}, which does not qualify because it is fully refunded"
    uses: list[Use] = ["refunds", "exposure"]
    if order is not None and not order.cancelled:
        uses.insert(0, "retention")
    return Explanation(claim, uses, reason)


def _rejected(_: Customer, claim: claims.Rejected, refund: refunds.Refund) -> Explanation:
    if refund.completed is not None:
        return Explanation(claim, [], "rejects the refund, which was paid nevertheless")
    return Explanation(claim, ["refunds", "exposure"], "rejects the refund")


def explain_ticket(customer: Customer, entity: str) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one ticket."""
    known = customer.facts.tickets[entity]
    ticket = tickets.derive(known)
    if ticket is None:
        yield from _incomplete(known, f"does not count yet: no known event has opened ticket {entity}")
        return
    yield from _first_counts(
        _of(known, claims.Opened),
        ["tickets", "sla"],
        f"opens ticket {entity}",
        f"ticket {entity} was opened by an earlier event",
    )
    yield from _replies(_of(known, claims.Replied), ticket)
    yield from _changes(_of(known, claims.StatusChanged), ticket)
    yield from _first_counts(
        _of(known, claims.Transferred),
        ["tickets"],
        "transfers the ticket",
        "the ticket was transferred by an earlier event",
    )


def _replies(replies: Sequence[claims.Replied], ticket: Ticket) -> Iterator[Explanation]:
    responses = [reply for reply in replies if reply.public and reply.author != claims.CUSTOMER]
    for reply in replies:
        if reply in responses:
            yield _response(reply, responses, ticket)
        else:
            reason = "written by the customer" if reply.author == claims.CUSTOMER else "not public"
            yield Explanation(reply, [], f"not a response: {reason}")


def _response(reply: claims.Replied, responses: Sequence[claims.Replied], ticket: Ticket) -> Explanation:
    roles = list(_roles(reply, responses, ticket))
    if roles:
        return Explanation(reply, ["tickets", "sla"], ", ".join(roles))
    if ticket.by_agent:
        return Explanation(reply, ["tickets"], "an agent opened the ticket, so it has no first response")
    return Explanation(reply, [], "not the first response", responses[0].id)


def _roles(reply: claims.Replied, responses: Sequence[claims.Replied], ticket: Ticket) -> Iterator[str]:
    """Yield for what a response counts, in words."""
    humans = [one for one in responses if one.author == claims.AGENT]
    promises = [one for one in responses if one.promised is not None]
    if not ticket.by_agent and reply is responses[0]:
        yield "the first response"
    if not ticket.by_agent and humans and reply is humans[0]:
        yield "the first human response"
    if promises and reply is promises[-1]:
        yield "the latest promised deadline"


def _changes(changes: Sequence[claims.StatusChanged], ticket: Ticket) -> Iterator[Explanation]:
    resolved = False
    for change in changes:
        resolves = change.status >= claims.SOLVED
        first = resolves and not resolved and change.time == ticket.first_resolution
        reason = _change_reason(first=first, resolved=resolved, resolves=resolves)
        if change is changes[-1]:
            reason += "; the latest status"
        resolved = resolves
        yield Explanation(change, ["tickets", "sla"] if first else ["tickets"], reason)


def _change_reason(*, first: bool, resolved: bool, resolves: bool) -> str:
    if first:
        return "the first resolution"
    if resolves:
        return "part of the same resolution" if resolved else "a later resolution"
    return "reopens the ticket" if resolved else "a status change, which affects the requester's waiting time"


def explain_review(customer: Customer, entity: str) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one review."""
    known = customer.facts.reviews[entity]
    removed, versions = _of(known, claims.Removed), _of(known, claims.Submitted)
    if removed:
        yield Explanation(removed[0], ["feedback"], f"removes review {entity} permanently")
        yield from _superseded(removed[1:], removed[0], f"review {entity} was removed by an earlier event")
        yield from _superseded(versions, removed[0], f"review {entity} was removed")
        return
    uses: list[Use] = ["feedback"]
    if feedback.review_exposures(feedback.derive(known)):
        uses.append("exposure")
    yield Explanation(versions[-1], uses, "the review's latest version")
    yield from _superseded(versions[:-1], versions[-1], "a later version counts instead")


def explain_cart(customer: Customer, entity: str, now: int) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one cart, at `now` in microseconds."""
    known = _of(customer.facts.carts[entity], claims.CheckoutStarted)
    ordered = min(customer.orders_of_cart(entity), default=None)
    last = known[-1]
    due = last.time + ABANDONED_AFTER_US
    if ordered is None:
        state = (
            "the cart is abandoned" if due <= now else "without an order, the cart is abandoned in an hour"
        )
    else:
        state = "an order names the cart" + (" and recovers it" if ordered >= due else "")
    yield Explanation(last, ["carts"], f"the cart's last activity; {state}")
    for claim in known[:-1]:
        if claim is known[0] and ordered is not None:
            yield Explanation(claim, ["carts"], "the cart's first activity, which starts the checkout time")
        else:
            yield Explanation(claim, [], "a later activity counts instead", last.id)


def explain_customer_facts(customer: Customer) -> Iterator[Explanation]:
    """Yield an explanation of each claim about the customer alone."""
    facts = customer.facts.customer_claims
    latest = feedback.latest_nps(facts)
    for claim in facts:
        if isinstance(claim, claims.Answered):
            yield _answer(claim, latest)
        else:
            uses, reason = _CUSTOMER_FACTS[type(claim)]
            yield Explanation(claim, list(uses), reason)


def _answer(claim: claims.Answered, latest: claims.Answered | None) -> Explanation:
    uses: list[Use] = ["exposure"] if feedback.claim_exposures(claim) else []
    if claim.survey != feedback.NPS:
        return Explanation(claim, ["feedback", *uses], "a survey answer; every answer counts")
    if claim is not latest:
        return Explanation(
            claim, uses, "a later answer counts instead", None if latest is None else latest.id
        )
    if claim.score >= feedback.PROMOTER:
        return Explanation(claim, ["feedback", "senders"], "the latest answer: a promoter")
    detractor = claim.score <= feedback.DETRACTOR
    group = "detractor" if detractor else "passive"
    return Explanation(claim, ["feedback", *uses], f"the latest answer: a {group}")


_CUSTOMER_FACTS: dict[type[Claim], tuple[tuple[Use, ...], str]] = {
    claims.Shared: (("senders",), "recommends the shop"),
    claims.PaymentFailed: (("payment_failures",), "a payment failed"),
    claims.StockMissed: (("stockouts", "exposure"), "a wanted article was out of stock"),
    claims.Contacted: (("actions",), "an action was done"),
    claims.MergeVariant: ((), "shows a variant of an experiment"),
    claims.Acted: (
        ("actions",),
        "an action was issued, or suppressed because the customer is in the control group",
    ),
}
