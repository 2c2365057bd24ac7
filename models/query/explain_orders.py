"""Explain what each fact about an order or a refund counts for (docs/metrics.md, "Definitions")."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from models.customers.customer import Customer
from models.entities import orders, refunds
from models.entities.order_lines import latest_lines
from models.facts import claims
from models.facts.origins import original_event_id
from models.query.explanations import (
    Explanation,
    claims_of,
    first_counts,
    incomplete,
    opposites,
    superseded,
)
from models.query.responses import Use


def explain_order(customer: Customer, entity: str, now: int) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one order, at `now` in microseconds."""
    known = customer.facts.orders[entity]
    order = customer.order(entity)
    if order is None:
        yield from incomplete(known, f"does not count yet: no known event has placed order {entity}")
        return
    yield from _placings(customer, entity, order, now)
    yield from _amended(claims_of(known, claims.Amended), order)
    yield from opposites(known, claims.Cancelled, claims.OrderRestored, partial(_cancellation, entity))
    for claim in claims_of(known, claims.Shipped):
        yield Explanation(claim, [], "no metric uses the time of shipping")
    yield from first_counts(
        claims_of(known, claims.Delivered),
        _late(order, now, ["deliveries"]),
        f"delivers order {entity}",
        f"order {entity} was delivered by an earlier event",
    )


def _cancellation(entity: str, claim: claims.Cancelled | claims.OrderRestored) -> Explanation:
    reason = f"takes back the cancellation of order {entity}"
    if isinstance(claim, claims.Cancelled):
        reason = f"cancels order {entity}, which therefore does not qualify"
    return Explanation(claim, ["retention", "refunds"], reason)


def _placings(customer: Customer, entity: str, order: orders.Order, now: int) -> Iterator[Explanation]:
    known = customer.facts.orders[entity]
    placed = claims_of(known, claims.Placed)
    if not placed:
        yield from _lines(customer, entity, order, now)
        return
    for line in claims_of(known, claims.LinePlaced):
        yield Explanation(line, [], f"a line of order {entity}, whose placing gives the amount", placed[0].id)
    uses = [*_qualifying_uses(order), *_cart(customer, placed[0]), *_delivery_uses(order, now)]
    yield Explanation(placed[0], uses, _placing_reason(customer, entity, order))
    for rival in placed[1:]:
        reason = f"order {entity} was placed by an earlier event, which counts instead"
        yield Explanation(rival, _cart(customer, rival), reason, placed[0].id)


def _lines(customer: Customer, entity: str, order: orders.Order, now: int) -> Iterator[Explanation]:
    """Yield explanations of the lines of an order that is known by its lines only."""
    lines = claims_of(customer.facts.orders[entity], claims.LinePlaced)
    latest = latest_lines(lines, order.currency)
    for line in lines:
        uses = _qualifying_uses(order)
        if line.id == order.id:
            uses += [*_cart(customer, line), *_delivery_uses(order, now)]
            yield Explanation(line, uses, _placing_reason(customer, entity, order))
        elif line.currency != order.currency:
            reason = f"does not count: order {entity} is in {order.currency}"
            yield Explanation(line, [], reason, order.id)
        elif line is latest[line.line]:
            yield Explanation(line, uses, f"a line of order {entity}, part of its amount")
        else:
            yield Explanation(line, [], "a later version of the line counts instead", latest[line.line].id)


def _late(order: orders.Order, now: int, uses: list[Use]) -> list[Use]:
    return [*uses, "exposure"] if orders.exposures(order, now) else uses


def _cart(customer: Customer, claim: claims.PlacingClaim) -> list[Use]:
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
        first = customer.order_history[0].id == order.id and customer.order_history.kept is None
        return f"places order {entity}, which qualifies" + (" and is the customer's first" if first else "")
    if order.cancelled:
        by = orders.cancellation(customer.facts.orders[entity])
        event = "an event" if by is None else f"event {original_event_id(by.id)}"
        return f"places order {entity}, which does not qualify because {event} cancels it"
    return f"places order {entity}, which does not qualify because it is fully refunded"


def _amended(amended: Sequence[claims.Amended], order: orders.Order) -> Iterator[Explanation]:
    if not amended:
        return
    uses: list[Use] = [] if order.cancelled else ["retention", "refunds"]
    reason = "the latest amendment, which sets the order's amount"
    if order.cancelled:
        reason = "amends a cancelled order"
    yield Explanation(amended[-1], uses, reason)
    yield from superseded(amended[:-1], amended[-1], "a later amendment counts instead")


def explain_refund(customer: Customer, entity: str) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one refund."""
    known = customer.facts.refunds[entity]
    refund = refunds.derive(known, customer.has_order)
    for kind, explain in (
        (claims.Requested, _requested),
        (claims.Rejected, _rejected),
    ):
        found: list[Any] = claims_of(known, kind)
        if not found:
            continue
        winner = found[0]
        if customer.has_order(winner.order):
            yield explain(customer, winner, refund)
        else:
            yield _waits_for_order(winner)
        yield from superseded(found[1:], winner, f"an earlier event about refund {entity} counts instead")
    yield from opposites(known, claims.Completed, claims.Reversed, partial(_payment, customer))


def _payment(customer: Customer, claim: claims.Completed | claims.Reversed) -> Explanation:
    """Return the explanation of the payment or reversal that counts."""
    if not customer.has_order(claim.order):
        return _waits_for_order(claim)
    if isinstance(claim, claims.Completed):
        return _completed(customer, claim)
    return Explanation(claim, ["refunds"], f"takes back the refund of order {claim.order}")


def _waits_for_order(claim: claims.RefundClaim) -> Explanation:
    return Explanation(claim, [], f"does not count yet: no known event has placed order {claim.order}")


def _requested(_: Customer, claim: claims.Requested, refund: refunds.Refund) -> Explanation:
    if refund.reversed is not None:
        return Explanation(claim, [], "requests a refund, which was paid and then reversed")
    if refund.completed is not None:
        return Explanation(claim, ["refunds"], "requests a refund, and starts the refund time")
    if refund.rejected is not None:
        return Explanation(claim, [], "requests a refund, which was rejected")
    return Explanation(claim, ["refunds"], "requests a refund, which is still open")


def _completed(customer: Customer, claim: claims.Completed) -> Explanation:
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
    if refund.reversed is not None:
        return Explanation(claim, [], "rejects the refund, which was paid nevertheless, and then reversed")
    return Explanation(claim, ["refunds", "exposure"], "rejects the refund")
