"""The rules that propose actions for a customer (docs/outputs.md, "Actions").

The proposals are a function of the facts and of the clock. `action_selection` issues some of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from models.contract.messages import SubjectKind
from models.customers.customer import Customer
from models.customers.lifecycle import AT_RISK, CHURNED
from models.definitions.action_policy import (
    ACKNOWLEDGE,
    ACTIONS,
    APOLOGISE,
    ASK_FOR_REFERRAL,
    ASK_FOR_REVIEW,
    ESCALATE,
    RECOVER_CART,
    RECOVER_SERVICE,
    REWARD_LOYALTY,
    WIN_BACK,
)
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_US, US_PER_SECOND
from models.entities import carts, feedback, orders
from models.entities.feedback import DETRACTOR, PROMOTER
from models.entities.sla import decide
from models.entities.sla_limits import TimeLimits, time_limits
from models.entities.tickets import Ticket
from models.facts.claims import Opened, PlacingClaim, Removed, ReviewClaim, Submitted, rank
from models.facts.origins import without_own_origin
from models.outputs.lifecycle_history import TIME, LifecycleTransition
from models.outputs.snapshot import CustomerSnapshot

#: By the ticket's priority, in the order of `PRIORITIES`.
_ESCALATE_PRIORITY: Final = (85, 90, 95, 100)
_ACKNOWLEDGE_PRIORITY: Final = (50, 65, 80, 88)
_APOLOGISE_PRIORITY: Final = 70
_CART_PRIORITY: Final = 55
_REFERRAL_PRIORITY: Final = 30
_REVIEW_PRIORITY: Final = 25
#: For a rating or score of 0; each star or point lowers it by 1.
_RECOVER_PRIORITY: Final = 82
#: For a customer without orders. The priority of the most valuable customers approaches the sum of both.
_WIN_BACK_PRIORITY: Final = 30
_WIN_BACK_RANGE: Final = 40
#: For the first tier above the lowest; each further tier adds a step.
_REWARD_PRIORITY: Final = 40
_REWARD_STEP: Final = 5


class ActionCandidate(Struct, frozen=True, gc=False):
    """An action that is worth doing now. Times are microseconds since the epoch.

    Attributes:
        action: index in `ACTIONS`.
        kind: kind of the subject (`models.contract.messages.Subject`).
        subject: id of the subject.
        cause: type of the causing event, or `time`.
        event: id of the causing event; None if time passed instead.
        since: event time of the cause.
        expires: time from which the action is no longer worth doing.
        priority: 1 to 100.
        due: time by which the action is best done; 0 for any time before `expires`.
        sla: breached target of an escalation, index in `models.entities.sla.KINDS`.
    """

    action: int
    kind: SubjectKind
    subject: str
    cause: str
    event: str | None
    since: int
    expires: int
    priority: int
    due: int = 0
    sla: int | None = None


class ActionProposal(NamedTuple):
    """The proposals of one rule, or of all.

    Attributes:
        candidates: actions that are worth doing now.
        next_check: earliest time at which time alone may propose another action, microseconds since the
            epoch; `NEVER_US` without one. Due times of SLA targets and lifecycle steps are not included.
    """

    candidates: Sequence[ActionCandidate]
    next_check: int


class ActionRules:
    """Proposes actions.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        policy = definitions.actions
        self._enabled = [name not in policy.off for name in ACTIONS]
        self._expiry = [policy.expiry.get(name, 0) * US_PER_SECOND for name in ACTIONS]
        self._limits = time_limits(definitions)
        self._acknowledge_after = policy.acknowledge_after
        self._bad_rating = policy.bad_rating
        self._half_value = definitions.tiers["gold"]

    def evaluate(self, snapshot: CustomerSnapshot) -> ActionProposal:
        """Return every enabled action that is worth doing at the snapshot's time."""
        tickets = self._tickets(snapshot)
        deliveries = self._late_deliveries(snapshot)
        abandoned = self._abandoned_carts(snapshot)
        candidates = [
            *tickets.candidates,
            *self._bad_reviews(snapshot.customer),
            *self._nps_answer(snapshot),
            *self._lifecycle(snapshot),
            *self._tier(snapshot),
            *deliveries.candidates,
            *abandoned.candidates,
        ]
        worth_doing = [one for one in candidates if self._enabled[one.action] and one.expires > snapshot.now]
        next_check = min(tickets.next_check, deliveries.next_check, abandoned.next_check)
        return ActionProposal(worth_doing, next_check)

    def _tickets(self, snapshot: CustomerSnapshot) -> ActionProposal:
        """Propose to acknowledge unanswered tickets, and to escalate breached targets."""
        candidates: list[ActionCandidate] = []
        next_check, now = NEVER_US, snapshot.now
        for ticket_id, ticket in snapshot.tickets.items():
            if ticket.is_resolved:
                continue
            if ticket.answered is None:
                limits = self._limits[ticket.priority].of(ticket)
                acknowledge_at = limits.due(ticket.opened, int(limits.response * self._acknowledge_after))
                if now < acknowledge_at:
                    next_check = min(next_check, acknowledge_at)
                elif not ticket.by_agent:
                    candidates.append(self._acknowledgement(snapshot.customer, ticket_id, ticket, limits))
            candidates += self._escalations(ticket_id, ticket, now)
        return ActionProposal(candidates, next_check)

    def _acknowledgement(
        self, customer: Customer, ticket_id: str, ticket: Ticket, limits: TimeLimits
    ) -> ActionCandidate:
        opened = min(
            (claim for claim in customer.facts.tickets[ticket_id] if isinstance(claim, Opened)),
            key=rank,
        )
        return ActionCandidate(
            ACKNOWLEDGE,
            "ticket",
            ticket_id,
            "ticket.opened",
            opened.id,
            since=opened.time,
            expires=limits.due(opened.time, limits.response),
            priority=_ACKNOWLEDGE_PRIORITY[ticket.priority],
            due=limits.due(opened.time, limits.response // 2),
        )

    def _escalations(self, ticket_id: str, ticket: Ticket, now: int) -> Iterator[ActionCandidate]:
        """Propose one escalation for each instant of a breach, for its first target in `KINDS`.

        Of targets breached at one instant, the first is the widest: without any answer there is no human one.
        """
        breaches: dict[int, int] = {}
        for decision in decide(ticket, self._limits, now):
            if decision.breached and decision.decided is not None and decision.fulfilled is None:
                breaches.setdefault(decision.decided, decision.kind)
        priority = _ESCALATE_PRIORITY[ticket.priority]
        for breach, kind in breaches.items():
            yield replace(self._by_time(ESCALATE, "ticket", ticket_id, breach, priority), sla=kind)

    def _bad_reviews(self, customer: Customer) -> Iterator[ActionCandidate]:
        """Propose to recover the service after a bad review."""
        for review_id, versions in customer.facts.reviews.items():
            latest = _latest_version(versions)
            if latest is not None and latest.rating <= self._bad_rating:
                yield ActionCandidate(
                    RECOVER_SERVICE,
                    "review",
                    review_id,
                    "review.submitted",
                    latest.id,
                    since=latest.time,
                    expires=latest.time + self._expiry[RECOVER_SERVICE],
                    priority=_RECOVER_PRIORITY - latest.rating,
                )

    def _nps_answer(self, snapshot: CustomerSnapshot) -> Iterator[ActionCandidate]:
        """Propose to recover the service after a bad NPS answer, or to ask for a favour after a good one."""
        answer = feedback.latest_nps(snapshot.customer.facts.customer_claims)
        if answer is None:
            return
        if answer.score <= DETRACTOR:
            action, priority = RECOVER_SERVICE, _RECOVER_PRIORITY - answer.score
        elif answer.score < PROMOTER or not self._may_ask_favour(snapshot):
            return
        elif any(_latest_versions(snapshot.customer)):
            action, priority = ASK_FOR_REFERRAL, _REFERRAL_PRIORITY
        else:
            action, priority = ASK_FOR_REVIEW, _REVIEW_PRIORITY
        yield ActionCandidate(
            action,
            "answer",
            without_own_origin(answer.id, snapshot.customer_id),
            "survey.answered",
            answer.id,
            since=answer.time,
            expires=answer.time + self._expiry[action],
            priority=priority,
        )

    def _may_ask_favour(self, snapshot: CustomerSnapshot) -> bool:
        """Return whether no ticket is open and no review is bad."""
        if snapshot.open_tickets:
            return False
        return all(review.rating > self._bad_rating for review in _latest_versions(snapshot.customer))

    def _lifecycle(self, snapshot: CustomerSnapshot) -> Iterator[ActionCandidate]:
        """Propose to win back a customer who is at risk or churned."""
        transition = snapshot.history.lifecycle
        if transition.after in {AT_RISK, CHURNED}:
            value = snapshot.net_value / (snapshot.net_value + self._half_value)
            priority = _WIN_BACK_PRIORITY + int(_WIN_BACK_RANGE * value)
            yield self._after_transition(WIN_BACK, snapshot.customer_id, transition, priority)

    def _tier(self, snapshot: CustomerSnapshot) -> Iterator[ActionCandidate]:
        """Propose to reward a customer who has reached a higher tier."""
        transition = snapshot.history.tier
        if transition.after > (transition.before or 0):
            priority = _REWARD_PRIORITY + _REWARD_STEP * (transition.after - 1)
            yield self._after_transition(REWARD_LOYALTY, snapshot.customer_id, transition, priority)

    def _late_deliveries(self, snapshot: CustomerSnapshot) -> ActionProposal:
        """Propose to apologise for deliveries that are overdue or came late."""
        now, next_check = snapshot.now, NEVER_US
        earliest = now - self._expiry[APOLOGISE]
        candidates: list[ActionCandidate] = []
        for order_id, claims in snapshot.customer.facts.orders.items():
            for claim in claims:
                promised = claim.promised if isinstance(claim, PlacingClaim) else None
                if promised is None or promised <= earliest:
                    continue
                if promised >= now:
                    next_check = min(next_check, promised + 1)
                elif _came_late(snapshot.customer, order_id, promised, now):
                    apology = self._by_time(APOLOGISE, "order", order_id, promised, _APOLOGISE_PRIORITY)
                    candidates.append(apology)
                    break
        return ActionProposal(candidates, next_check)

    def _abandoned_carts(self, snapshot: CustomerSnapshot) -> ActionProposal:
        """Propose to recover abandoned carts, unless the customer has ordered since."""
        customer, now, placed = snapshot.customer, snapshot.now, snapshot.history.orders
        ordered = placed[-1].time if placed else -1
        earliest, next_check = now - self._expiry[RECOVER_CART], NEVER_US
        candidates: list[ActionCandidate] = []
        for cart_id, started in customer.facts.carts.items():
            active = started[0].time if len(started) == 1 else max(claim.time for claim in started)
            abandoned = active + carts.ABANDONED_AFTER_US
            if abandoned > now:
                next_check = min(next_check, abandoned)
            elif abandoned > earliest and active >= ordered and not customer.orders_of_cart(cart_id):
                candidates.append(self._by_time(RECOVER_CART, "cart", cart_id, abandoned, _CART_PRIORITY))
        return ActionProposal(candidates, next_check)

    def _after_transition(
        self, action: int, customer_id: str, transition: LifecycleTransition, priority: int
    ) -> ActionCandidate:
        return ActionCandidate(
            action,
            "customer",
            customer_id,
            transition.cause,
            transition.event,
            since=transition.time,
            expires=transition.time + self._expiry[action],
            priority=priority,
        )

    def _by_time(
        self, action: int, kind: SubjectKind, subject: str, since: int, priority: int
    ) -> ActionCandidate:
        """Return a candidate caused by the passing of time."""
        expires = since + self._expiry[action]
        return ActionCandidate(action, kind, subject, TIME, None, since, expires, priority)


def _came_late(customer: Customer, order_id: str, promised: int, now: int) -> bool:
    """Return whether an order with this promised time, microseconds, is overdue or was delivered late."""
    order = customer.order(order_id)
    return order is not None and order.promised == promised and bool(orders.exposures(order, now))


def _latest_versions(customer: Customer) -> Iterator[Submitted]:
    """Yield the latest version of each review that was not removed."""
    for versions in customer.facts.reviews.values():
        latest = _latest_version(versions)
        if latest is not None:
            yield latest


def _latest_version(versions: Iterable[ReviewClaim]) -> Submitted | None:
    """Return a review's latest version; None if the review was removed."""
    latest: Submitted | None = None
    for claim in versions:
        if isinstance(claim, Removed):
            return None
        if latest is None or (claim.time, claim.id) > (latest.time, latest.id):
            latest = claim
    return latest
