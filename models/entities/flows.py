"""Flows: the amounts that an entity adds to the sums by segment and by calendar period.

A flow counts at one exact time. The flows of one measure, summed over a window, are the series of the same
definition in docs/metrics.md: each time here is the one at which the aggregator of the entity counts.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from models.entities.feedback import CSAT, DETRACTOR, NPS, PROMOTER, is_satisfied
from models.entities.orders import Order
from models.entities.sla import KINDS, SlaOutcome
from models.entities.tickets import Ticket
from models.facts.claims import Answered

#: Measures of orders. `NET` has the currency as its detail and minor units as its weight.
ORDERS: Final = "orders"
NET: Final = "net"
PLACED: Final = "placed"
REFUNDED: Final = "refunded"
PROMISED: Final = "promised"
ON_TIME: Final = "on_time"
#: Measures of tickets. `RESPONSE_TIME` is in microseconds; the detail of a target is its kind.
RESPONSES: Final = "responses"
RESPONSE_TIME: Final = "response_time"
DECIDED: Final = "decided"
BREACHED: Final = "breached"
#: Measures of answers.
CSAT_ANSWERS: Final = "csat_answers"
SATISFIED: Final = "satisfied"
NPS_ANSWERS: Final = "nps_answers"
PROMOTERS: Final = "promoters"
DETRACTORS: Final = "detractors"


class Flow(NamedTuple):
    """A weight that counts in a measure at a time.

    Attributes:
        measure: one of the measures above.
        time: time at which it counts, microseconds since the epoch.
        weight: 1, minor units or microseconds, by the measure.
        detail: currency of money, kind of a target; empty for other measures.
    """

    measure: str
    time: int
    weight: int = 1
    detail: str = ""


def order_flows(order: Order | None) -> Iterator[Flow]:
    """Yield the flows of an order: its place among the orders, its net, its refunds and its delivery.

    The flows `PLACED` and `REFUNDED` are the denominator and the numerator of `retention_refund_ratio` with
    `basis="orders"`, `PROMISED` and `ON_TIME` those of `retention_on_time_delivery_ratio`.
    """
    if order is None:
        return
    time = order.time
    if order.qualifying:
        yield Flow(ORDERS, time)
        if order.net:
            yield Flow(NET, time, order.net, order.currency)
    if not order.cancelled:
        yield Flow(PLACED, time)
        if order.refunds:
            yield Flow(REFUNDED, time)
    if order.delivered is not None and order.promised is not None:
        yield Flow(PROMISED, order.delivered)
        if order.delivered <= order.promised:
            yield Flow(ON_TIME, order.delivered)


def ticket_flows(ticket: Ticket, outcome: SlaOutcome) -> Iterator[Flow]:
    """Yield the flows of a ticket: its first response by a human, in calendar time, and its decided targets.

    Args:
        ticket: the ticket.
        outcome: the state of its targets.
    """
    answered = ticket.answered_by_human
    if answered is not None and not ticket.by_agent:
        yield Flow(RESPONSES, answered)
        yield Flow(RESPONSE_TIME, answered, max(0, answered - ticket.opened))
    for decision in outcome.decisions:
        if decision.decided is not None:
            kind = KINDS[decision.kind]
            yield Flow(DECIDED, decision.decided, 1, kind)
            if decision.breached:
                yield Flow(BREACHED, decision.decided, 1, kind)


def csat_flows(answers: Iterable[Answered]) -> Iterator[Flow]:
    """Yield the flows of the `csat` answers among answers that hold."""
    for answer in answers:
        if answer.survey == CSAT:
            yield Flow(CSAT_ANSWERS, answer.time)
            if is_satisfied(answer):
                yield Flow(SATISFIED, answer.time)


def nps_flows(answer: Answered | None) -> Iterator[Flow]:
    """Yield the flows of an `nps` answer. The caller passes only the latest one, of all or of a period."""
    if answer is None or answer.survey != NPS:
        return
    yield Flow(NPS_ANSWERS, answer.time)
    if answer.score >= PROMOTER:
        yield Flow(PROMOTERS, answer.time)
    elif answer.score <= DETRACTOR:
        yield Flow(DETRACTORS, answer.time)


def difference(old: Iterable[Flow], new: Iterable[Flow]) -> list[tuple[Flow, int]]:
    """Return the flows by which two sets of flows differ, each with its number: below 0, it is retracted.

    Most changes of an entity change no flow, and most other ones are its first.
    """
    before, after = [*old], [*new]
    if before == after:
        return []
    if not before:
        return [(flow, 1) for flow in after]
    numbers = dict.fromkeys(after, 0)
    for flow in after:
        numbers[flow] += 1
    for flow in before:
        numbers[flow] = numbers.get(flow, 0) - 1
    return [(flow, number) for flow, number in numbers.items() if number]
