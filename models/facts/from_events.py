"""Makes facts from events: a claim, and the entity that it is about (docs/metrics.md, "Definitions")."""

from collections.abc import Callable
from typing import Any, Final

from models.contract import events
from models.contract.decoding import EventError, promise_us, to_us
from models.contract.events import Event
from models.definitions.definitions import PRIORITIES, Definitions
from models.facts import claims, control
from models.facts.details import details_of
from models.facts.fact import REGISTRY_ADDRESS, AnyClaim, Fact
from models.facts.sentiment import sentiment_of


def facts_of(event: Event, definitions: Definitions, time: int | None = None) -> list[tuple[str, Fact]]:
    """Return the facts of an event, as pairs of a customer id and a fact.

    Merges and erasures are addressed to the merge registry (`models.identity.merge_registry`).

    Args:
        event: a valid event.
        definitions: the definitions.
        time: event time in microseconds, if the caller has computed it already.

    Raises:
        EventError: `unknown_currency`; `invalid_field` for a promise before 1990, or an `id` with a null
            character, which separates an id from its origin (`models.facts.origins`).
    """
    if "\0" in event.id:
        raise EventError("invalid_field", "`id` contains a null character")
    entity, claim = CLAIM_BUILDERS[type(event)](
        event, to_us(event.time) if time is None else time, definitions
    )
    if not event.expires:
        return _identity_facts(event, claim)
    return [(event.customer_id, Fact(entity, claim, event.experiments or None, details_of(event)))]


def _identity_facts(event: Event, claim: AnyClaim) -> list[tuple[str, Fact]]:
    facts = [(REGISTRY_ADDRESS, Fact("", claim))]
    if event.experiments:
        seen = Fact("", claims.MergeVariant(to_us(event.time), event.id), event.experiments)
        facts.append((event.customer_id, seen))
    return facts


def _channel(channel: str | None, definitions: Definitions) -> str:
    if channel in definitions.channels:
        return channel
    return "unknown" if channel is None else "other"


def _placed(event: events.OrderPlaced, time: int, definitions: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.Placed(time, event.id, event.amount, *_placed_fields(event, definitions))


def _line_placed(event: events.OrderLinePlaced, time: int, definitions: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.LinePlaced(
        time, event.id, event.line_id, event.amount, *_placed_fields(event, definitions)
    )


def _placed_fields(
    event: events.OrderPlaced | events.OrderLinePlaced, definitions: Definitions
) -> tuple[str, str, int | None, str | None, str | None]:
    """Return currency, channel, promised time, cart and referrer of an order or a line of it."""
    if event.currency not in definitions.rates:
        problem = f"`currency` {event.currency!r} has no rate; the table `rates` of the settings gives one"
        raise EventError("unknown_currency", problem)
    referrer = event.referred_by
    return (
        event.currency,
        _channel(event.channel, definitions),
        None if event.promised_at is None else promise_us(event.promised_at),
        event.cart_id,
        None if referrer == event.customer_id else referrer,
    )


def _amended(event: events.OrderAmended, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.Amended(time, event.id, event.amount)


def _cancelled(event: events.OrderCancelled, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.Cancelled(time, event.id)


def _order_restored(event: events.OrderRestored, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.OrderRestored(time, event.id)


def _shipped(event: events.OrderShipped, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.Shipped(time, event.id)


def _delivered(event: events.OrderDelivered, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.order_id, claims.Delivered(time, event.id)


def _checkout(event: events.CheckoutStarted, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.cart_id, claims.CheckoutStarted(time, event.id)


def _payment(event: events.PaymentFailed, time: int, definitions: Definitions) -> tuple[str, AnyClaim]:
    method = event.payment_method
    known = method in definitions.payment_methods
    return "", claims.PaymentFailed(time, event.id, method if known else "other")


def _stock(event: events.StockMissed, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", claims.StockMissed(time, event.id)


def _requested(event: events.RefundRequested, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.refund_id, claims.Requested(time, event.id, event.order_id)


def _completed(event: events.RefundCompleted, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.refund_id, claims.Completed(time, event.id, event.order_id, event.amount)


def _rejected(event: events.RefundRejected, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.refund_id, claims.Rejected(time, event.id, event.order_id)


def _reversed(event: events.RefundReversed, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.refund_id, claims.Reversed(time, event.id, event.order_id)


def _opened(event: events.TicketOpened, time: int, definitions: Definitions) -> tuple[str, AnyClaim]:
    return event.ticket_id, claims.Opened(
        time,
        event.id,
        PRIORITIES.index(event.priority),
        event.opened_by == "agent",
        _channel(event.channel, definitions),
        event.team,
        event.category,
    )


def _replied(event: events.TicketReplied, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.ticket_id, claims.Replied(
        time,
        event.id,
        claims.AUTHORS.index(event.author),
        event.public,
        None if event.promised_at is None else promise_us(event.promised_at),
        event.agent,
    )


def _status(event: events.TicketStatusChanged, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.ticket_id, claims.StatusChanged(time, event.id, claims.STATUSES.index(event.status))


def _transferred(event: events.TicketTransferred, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.ticket_id, claims.Transferred(time, event.id)


def _ticket_updated(event: events.TicketUpdated, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    priority = None if event.priority is None else PRIORITIES.index(event.priority)
    return event.ticket_id, claims.TicketUpdated(
        time, event.id, priority, event.team, event.category, event.agent
    )


def _ticket_withdrawn(event: events.TicketWithdrawn, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    reasons = claims.WITHDRAWAL_REASONS
    reason = event.reason if event.reason in reasons else reasons[-1]
    return event.ticket_id, claims.TicketWithdrawn(time, event.id, reasons.index(reason))


def _ticket_restored(event: events.TicketRestored, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.ticket_id, claims.TicketRestored(time, event.id)


def _submitted(event: events.ReviewSubmitted, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    sentiment = sentiment_of(event)
    # A version that brings a text or a sentiment of its own keeps no other.
    unchanged = event.text_unchanged and event.text is None and event.sentiment is None
    return event.review_id, claims.Submitted(time, event.id, event.rating, sentiment, unchanged or None)


def _removed(event: events.ReviewRemoved, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return event.review_id, claims.Removed(time, event.id)


def _answered(event: events.SurveyAnswered, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    survey = claims.SURVEYS.index(event.survey)
    return "", claims.Answered(time, event.id, survey, event.score, event.answer_id)


def _answers_withdrawn(event: events.SurveyWithdrawn, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", claims.AnswersWithdrawn(time, event.id, event.answer_id)


def _shared(event: events.ExperienceShared, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", claims.Shared(time, event.id)


def _contacted(event: events.CustomerContacted, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", claims.Contacted(time, event.id, event.action_id)


def _updated(event: events.CustomerUpdated, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", claims.CustomerUpdated(time, event.id)


def _merged(event: events.CustomerMerged, time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", control.Merge(at=time, event=event.id, customer=event.customer_id, into=event.into)


def _erased(event: events.CustomerErased, _time: int, _: Definitions) -> tuple[str, AnyClaim]:
    return "", control.Erase(customer=event.customer_id)


CLAIM_BUILDERS: Final[dict[type[Event], Callable[[Any, int, Definitions], tuple[str, AnyClaim]]]] = {
    events.OrderPlaced: _placed,
    events.OrderAmended: _amended,
    events.OrderCancelled: _cancelled,
    events.OrderRestored: _order_restored,
    events.OrderLinePlaced: _line_placed,
    events.OrderShipped: _shipped,
    events.OrderDelivered: _delivered,
    events.CheckoutStarted: _checkout,
    events.PaymentFailed: _payment,
    events.StockMissed: _stock,
    events.RefundRequested: _requested,
    events.RefundCompleted: _completed,
    events.RefundRejected: _rejected,
    events.RefundReversed: _reversed,
    events.TicketOpened: _opened,
    events.TicketReplied: _replied,
    events.TicketStatusChanged: _status,
    events.TicketTransferred: _transferred,
    events.TicketUpdated: _ticket_updated,
    events.TicketWithdrawn: _ticket_withdrawn,
    events.TicketRestored: _ticket_restored,
    events.ReviewSubmitted: _submitted,
    events.ReviewRemoved: _removed,
    events.SurveyAnswered: _answered,
    events.SurveyWithdrawn: _answers_withdrawn,
    events.ExperienceShared: _shared,
    events.CustomerContacted: _contacted,
    events.CustomerUpdated: _updated,
    events.CustomerMerged: _merged,
    events.CustomerErased: _erased,
}
