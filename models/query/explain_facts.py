"""What each fact of a customer counts for, entity by entity (docs/metrics.md, "Definitions").

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
    """What a claim counts for.

    Attributes:
        claim: the claim.
        uses: for what; nothing where empty.
        reason: why, or why not, in a sentence.
        by: the event that counts instead.
    """

    claim: Claim
    uses: list[Use]
    reason: str
    by: str | None = None


def _of(known: Iterable[Claim], kind: type[_C]) -> list[_C]:
    """Give the claims of one kind, by (time, id)."""
    return sorted((claim for claim in known if isinstance(claim, kind)), key=_rank)


def _rank(claim: Claim) -> tuple[int, str]:
    return claim.time, claim.id


def _outdone(losers: Iterable[Claim], winner: Claim, reason: str) -> Iterator[Explanation]:
    for claim in losers:
        yield Explanation(claim, [], reason, winner.id)


def of_order(account: Customer, entity: str, now: int) -> Iterator[Explanation]:
    """Judge the claims about one order."""
    known = account.facts.orders[entity]
    order = account.order(entity)
    if order is None:
        yield from _waiting(known, f"waits for order {entity}, which nothing known has placed")
        return
    placed = _of(known, claims.Placed)
    yield _placed(account, entity, placed[0], order, now)
    for rival in placed[1:]:
        reason = f"order {entity} was placed before; the earliest claim counts"
        yield Explanation(rival, _cart(account, rival), reason, placed[0].id)
    yield from _amended(_of(known, claims.Amended), order)
    cancelled = _of(known, claims.Cancelled)
    if cancelled:
        uses: list[Use] = ["retention", "refunds"]
        yield Explanation(cancelled[0], uses, f"cancels order {entity}: it does not qualify")
        yield from _outdone(cancelled[1:], cancelled[0], f"order {entity} was cancelled already")
    for claim in _of(known, claims.Shipped):
        yield Explanation(claim, [], "no number asks when an order was shipped")
    delivered = _of(known, claims.Delivered)
    if delivered:
        yield Explanation(delivered[0], _late(order, now, ["deliveries"]), f"delivers order {entity}")
        yield from _outdone(delivered[1:], delivered[0], f"order {entity} was delivered before")


def _waiting(known: Iterable[Claim], reason: str) -> Iterator[Explanation]:
    for claim in known:
        yield Explanation(claim, [], reason)


def _late(order: orders.Order, now: int, uses: list[Use]) -> list[Use]:
    return [*uses, "exposure"] if orders.exposures(order, now) else uses


def _cart(account: Customer, claim: claims.Placed) -> list[Use]:
    return ["carts"] if claim.cart is not None and claim.cart in account.facts.carts else []


def _placed(
    account: Customer, entity: str, claim: claims.Placed, order: orders.Order, now: int
) -> Explanation:
    uses: list[Use] = []
    if order.qualifying:
        uses.append("retention")
        first = account.order_history[0].id == order.id
        reason = f"places order {entity}, which qualifies" + (": the customer's first" if first else "")
        if order.referrer is not None:
            uses.append("referrals")
    elif order.cancelled:
        by = _of(account.facts.orders[entity], claims.Cancelled)[0].id
        reason = f"places order {entity}, which does not qualify: {by} cancels it"
    else:
        reason = f"places order {entity}, which does not qualify: it is fully refunded"
    if not order.cancelled:
        uses.append("refunds")
    uses += _cart(account, claim)
    if order.delivered is not None or orders.is_overdue(order, now):
        uses = _late(order, now, [*uses, "deliveries"])
    return Explanation(claim, uses, reason)


def _amended(amended: Sequence[claims.Amended], order: orders.Order) -> Iterator[Explanation]:
    if not amended:
        return
    uses: list[Use] = [] if order.cancelled else ["retention", "refunds"]
    said = "its order is cancelled" if order.cancelled else "the latest amendment: the order's amount"
    yield Explanation(amended[-1], uses, said)
    yield from _outdone(amended[:-1], amended[-1], "a later amendment counts")


def of_refund(account: Customer, entity: str) -> Iterator[Explanation]:
    """Judge the claims about one refund."""
    known = account.facts.refunds[entity]
    refund = refunds.derive(known, account.has_order)
    for kind, judge in (
        (claims.Requested, _requested),
        (claims.Completed, _completed),
        (claims.Rejected, _rejected),
    ):
        found: list[Any] = _of(known, kind)
        if not found:
            continue
        winner = found[0]
        if account.has_order(winner.order):
            yield judge(account, winner, refund)
        else:
            yield Explanation(winner, [], f"waits for order {winner.order}, which nothing known has placed")
        yield from _outdone(found[1:], winner, f"refund {entity}: the earliest claim counts")


def _requested(_: Customer, claim: claims.Requested, refund: refunds.Refund) -> Explanation:
    if refund.completed is not None:
        return Explanation(claim, ["refunds"], "asks for a refund; its time runs from here")
    if refund.rejected is not None:
        return Explanation(claim, [], "asks for a refund, which was rejected")
    return Explanation(claim, ["refunds"], "asks for a refund that is still open")


def _completed(account: Customer, claim: claims.Completed, _: refunds.Refund) -> Explanation:
    order = account.order(claim.order)
    if order is None or order.qualifying or order.cancelled:
        reason = f"refunds order {claim.order}"
    else:
        reason = f"refunds order {claim.order}, which is fully refunded and does not qualify"
    uses: list[Use] = ["refunds", "exposure"]
    if order is not None and not order.cancelled:
        uses.insert(0, "retention")
    return Explanation(claim, uses, reason)


def _rejected(_: Customer, claim: claims.Rejected, refund: refunds.Refund) -> Explanation:
    if refund.completed is not None:
        return Explanation(claim, [], "the refund was paid all the same")
    return Explanation(claim, ["refunds", "exposure"], "rejects the refund")


def of_ticket(account: Customer, entity: str) -> Iterator[Explanation]:
    """Judge the claims about one ticket."""
    known = account.facts.tickets[entity]
    ticket = tickets.derive(known)
    if ticket is None:
        yield from _waiting(known, f"waits for ticket {entity}, which nothing known has opened")
        return
    opened = _of(known, claims.Opened)
    yield Explanation(opened[0], ["tickets", "sla"], f"opens ticket {entity}")
    yield from _outdone(opened[1:], opened[0], f"ticket {entity} was opened before")
    yield from _replies(_of(known, claims.Replied), ticket)
    yield from _changes(_of(known, claims.StatusChanged), ticket)
    transferred = _of(known, claims.Transferred)
    if transferred:
        yield Explanation(transferred[0], ["tickets"], "the ticket has changed hands")
        yield from _outdone(transferred[1:], transferred[0], "the ticket has changed hands before")


def _replies(replies: Sequence[claims.Replied], ticket: Ticket) -> Iterator[Explanation]:
    ours = [reply for reply in replies if reply.public and reply.author != claims.CUSTOMER]
    humans = [reply for reply in ours if reply.author == claims.AGENT]
    promises = [reply for reply in ours if reply.promised is not None]
    for reply in replies:
        if reply not in ours:
            said = "the customer's own" if reply.author == claims.CUSTOMER else "not public"
            yield Explanation(reply, [], f"no response: {said}")
            continue
        parts = []
        if not ticket.by_agent and reply is ours[0]:
            parts.append("the first response")
        if not ticket.by_agent and humans and reply is humans[0]:
            parts.append("the first response of a human")
        if promises and reply is promises[-1]:
            parts.append("the deadline told last")
        if parts:
            yield Explanation(reply, ["tickets", "sla"], ", ".join(parts))
        elif ticket.by_agent:
            yield Explanation(reply, ["tickets"], "an agent opened the ticket: it has no first response")
        else:
            yield Explanation(reply, [], "not the first response", ours[0].id)


def _changes(changes: Sequence[claims.StatusChanged], ticket: Ticket) -> Iterator[Explanation]:
    resolved = False
    for change in changes:
        now_resolved = change.status >= claims.SOLVED
        uses: list[Use] = ["tickets"]
        said = "a step on the way, which the requester's wait rests on"
        if now_resolved and not resolved:
            first = change.time == ticket.first_resolution
            said = "the first resolution" if first else "a resolution"
            uses = ["tickets", "sla"] if first else uses
        elif resolved and not now_resolved:
            said = "opens the ticket again"
        elif now_resolved:
            said = "resolved before: the same resolution"
        if change is changes[-1]:
            said += "; the latest status"
        resolved = now_resolved
        yield Explanation(change, uses, said)


def of_review(account: Customer, entity: str) -> Iterator[Explanation]:
    """Judge the claims about one review."""
    known = account.facts.reviews[entity]
    removed, versions = _of(known, claims.Removed), _of(known, claims.Submitted)
    if removed:
        yield Explanation(removed[0], ["feedback"], f"removes review {entity} for good")
        yield from _outdone(removed[1:], removed[0], f"review {entity} was removed already")
        yield from _outdone(versions, removed[0], f"review {entity} was removed")
        return
    uses: list[Use] = ["feedback"]
    if feedback.review_exposures(feedback.derive(known)):
        uses.append("exposure")
    yield Explanation(versions[-1], uses, "the review's latest version")
    yield from _outdone(versions[:-1], versions[-1], "a later version counts")


def of_cart(account: Customer, entity: str, now: int) -> Iterator[Explanation]:
    """Judge the claims about one cart."""
    known = _of(account.facts.carts[entity], claims.CheckoutStarted)
    ordered = min(account.orders_of_cart(entity), default=None)
    last = known[-1]
    due = last.time + ABANDONED_AFTER_US
    if ordered is None:
        said = "it is abandoned" if due <= now else "it will be abandoned an hour later"
    else:
        said = "an order names it" + (" and recovers it" if ordered >= due else "")
    yield Explanation(last, ["carts"], f"the cart's last activity; {said}")
    for claim in known[:-1]:
        if claim is known[0] and ordered is not None:
            yield Explanation(claim, ["carts"], "the cart's first activity: checkout time runs from here")
        else:
            yield Explanation(claim, [], "a later activity counts", last.id)


def of_loose(account: Customer) -> Iterator[Explanation]:
    """Judge the claims that are about the customer alone."""
    loose = account.facts.customer_claims
    latest = feedback.latest_nps(loose)
    for claim in loose:
        if isinstance(claim, claims.Answered):
            yield _answer(claim, latest)
        else:
            uses, reason = _ALONE[type(claim)]
            yield Explanation(claim, list(uses), reason)


def _answer(claim: claims.Answered, latest: claims.Answered | None) -> Explanation:
    uses: list[Use] = ["exposure"] if feedback.claim_exposures(claim) else []
    if claim.survey != feedback.NPS:
        return Explanation(claim, ["feedback", *uses], "an answer; all of them count")
    if claim is not latest:
        return Explanation(claim, uses, "a later answer counts", None if latest is None else latest.id)
    if claim.score >= feedback.PROMOTER:
        return Explanation(claim, ["feedback", "senders"], "the latest answer: a promoter")
    detractor = claim.score <= feedback.DETRACTOR
    said = "a detractor" if detractor else "neither promoter nor detractor"
    return Explanation(claim, ["feedback", *uses], f"the latest answer: {said}")


_ALONE: dict[type[Claim], tuple[tuple[Use, ...], str]] = {
    claims.Shared: (("senders",), "recommends the shop"),
    claims.PaymentFailed: (("payment_failures",), "a payment that did not go through"),
    claims.StockMissed: (("stockouts", "exposure"), "wanted, and out of stock"),
    claims.Contacted: (("actions",), "an action was taken"),
    claims.MergeVariant: ((), "showed a variant"),
    claims.Acted: (("actions",), "an action was asked for, or held back of who is held out"),
}
