"""What is worth doing for a customer, as things are: every action's cause (docs/outputs.md, "Actions").

A function of the facts and of `now`. Whether an action is asked for is decided after: of those that reach the
customer, a few a week.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

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
from models.entities.sla import decide, sla_targets
from models.entities.tickets import Ticket
from models.facts.claims import Opened, Placed, Removed, ReviewClaim, Submitted
from models.outputs.lifecycle_history import TIME, LifecycleHistory

#: By the ticket's priority, in the order of `PRIORITIES`.
_ESCALATE_PRIORITY: Final = (85, 90, 95, 100)
_ACKNOWLEDGE_PRIORITY: Final = (50, 65, 80, 88)
_APOLOGISE_PRIORITY: Final = 70
_CART_PRIORITY: Final = 55
_REFERRAL_PRIORITY: Final = 30
_REVIEW_PRIORITY: Final = 25
#: Of no stars or a score of 0; a point less for each of what there is.
_RECOVER_PRIORITY: Final = 82
#: Of somebody worth nothing; the most valuable approach the sum.
_WIN_BACK_PRIORITY: Final = 30
_WIN_BACK_RANGE: Final = 40
#: Of the first tier above the lowest; more for each tier.
_REWARD_PRIORITY: Final = 40
_REWARD_STEP: Final = 5


class ActionCandidate(Struct, frozen=True, gc=False):
    """An action that is worth doing now.

    Attributes:
        action: index in `ACTIONS`.
        kind: what it is about (`models.contract.messages.Subject`).
        subject: its id.
        cause: type of the event that has made it so, or `time`.
        event: the event's id; None where it was time.
        since: when that was, microseconds.
        expires: when it is no longer worth doing.
        priority: 1 to 100.
        due: by when it had best be done; 0: any time before `expires`.
        sla: the target that was missed, index in `models.entities.sla.KINDS`.
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


class ActionRules:
    """Finds what is worth doing, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        practice = definitions.actions
        self._on = [name not in practice.off for name in ACTIONS]
        self._expiry = [practice.expiry.get(name, 0) * US_PER_SECOND for name in ACTIONS]
        self._targets = sla_targets(definitions)
        self._patience = [int(limits.response * practice.acknowledge_after) for limits in self._targets]
        self._bad_rating = practice.bad_rating
        self._half_value = definitions.tiers["gold"]

    def look(
        self,
        account: Customer,
        course: LifecycleHistory,
        tickets: Mapping[str, Ticket],
        value: float,
        now: int,
    ) -> tuple[list[ActionCandidate], int | None]:
        """Give every action that is worth doing at `now`, and when time alone may make another one so.

        For the latter, targets' due times and the course's instants come beside.

        Args:
            account: the customer.
            course: theirs.
            tickets: those known, by id.
            value: net of their orders, in major units of the base currency.
            now: microseconds.
        """
        found: list[ActionCandidate] = []
        until = NEVER_US
        for entity, ticket in tickets.items():
            if not ticket.is_resolved:
                found += self._answering(account, entity, ticket, now)
                patient = ticket.opened + self._patience[ticket.priority]
                if ticket.answered is None and now < patient < until:
                    until = patient
        if account.row.reviews:
            found += self._reviews(account)
        if account.row.loose:
            found += self._answer(account, tickets)
        found += self._course(account, course, value)
        until = min(until, self._late(account, now, found), self._carts(account, course, now, found))
        worth = [one for one in found if self._on[one.action] and one.expires > now]
        return worth, None if until == NEVER_US else until

    def _answering(
        self, account: Customer, entity: str, ticket: Ticket, now: int
    ) -> Iterator[ActionCandidate]:
        """Give what a ticket asks of those who answer it."""
        response = self._targets[ticket.priority].response
        patience = self._patience[ticket.priority]
        if not ticket.by_agent and ticket.answered is None and now >= ticket.opened + patience:
            opened = min(
                (claim for claim in account.row.tickets[entity] if isinstance(claim, Opened)),
                key=lambda claim: (claim.time, claim.id),
            )
            yield ActionCandidate(
                ACKNOWLEDGE,
                "ticket",
                entity,
                "ticket.opened",
                opened.id,
                opened.time,
                opened.time + response,
                _ACKNOWLEDGE_PRIORITY[ticket.priority],
                opened.time + response // 2,
            )
        breaches: dict[int, int] = {}  # of those missed at one instant, the first: it includes the others
        for kind, due, fulfilled, _, breached in decide(ticket, self._targets, now):
            if breached and fulfilled is None:
                breaches.setdefault(due, kind)
        for due, kind in breaches.items():
            priority = _ESCALATE_PRIORITY[ticket.priority]
            yield replace(self._by_time(ESCALATE, "ticket", entity, due, priority), sla=kind)

    def _by_time(
        self, action: int, kind: SubjectKind, subject: str, since: int, priority: int
    ) -> ActionCandidate:
        return ActionCandidate(
            action, kind, subject, TIME, None, since, since + self._expiry[action], priority
        )

    def _reviews(self, account: Customer) -> Iterator[ActionCandidate]:
        """Give what reviews ask for: an apology."""
        for entity, versions in account.row.reviews.items():
            latest = _latest(versions)
            if latest is not None and latest.rating <= self._bad_rating:
                yield ActionCandidate(
                    RECOVER_SERVICE,
                    "review",
                    entity,
                    "review.submitted",
                    latest.id,
                    latest.time,
                    latest.time + self._expiry[RECOVER_SERVICE],
                    _RECOVER_PRIORITY - latest.rating,
                )

    def _answer(self, account: Customer, tickets: Mapping[str, Ticket]) -> Iterator[ActionCandidate]:
        """Give what the latest answer to the NPS survey asks for."""
        answer = feedback.latest_nps(account.row.loose)
        if answer is None:
            return
        if answer.score <= DETRACTOR:
            action, priority = RECOVER_SERVICE, _RECOVER_PRIORITY - answer.score
        elif answer.score < PROMOTER or not self._content(account, tickets):
            return
        elif any(_latest(versions) is not None for versions in account.row.reviews.values()):
            action, priority = ASK_FOR_REFERRAL, _REFERRAL_PRIORITY
        else:
            action, priority = ASK_FOR_REVIEW, _REVIEW_PRIORITY
        expires = answer.time + self._expiry[action]
        yield ActionCandidate(
            action, "answer", answer.id, "survey.answered", answer.id, answer.time, expires, priority
        )

    def _content(self, account: Customer, tickets: Mapping[str, Ticket]) -> bool:
        """Whether nothing is open between the customer and the shop: then is the time to ask a favour."""
        if any(not ticket.is_resolved for ticket in tickets.values()):
            return False
        latest = [_latest(versions) for versions in account.row.reviews.values()]
        return all(review is None or review.rating > self._bad_rating for review in latest)

    def _course(self, account: Customer, course: LifecycleHistory, value: float) -> Iterator[ActionCandidate]:
        """Give what the customer's course asks for."""
        customer = account.key.decode()
        turn = course.lifecycle
        if turn.after in {AT_RISK, CHURNED}:
            worth = value / (value + self._half_value)
            priority = _WIN_BACK_PRIORITY + int(_WIN_BACK_RANGE * worth)
            expires = turn.time + self._expiry[WIN_BACK]
            yield ActionCandidate(
                WIN_BACK, "customer", customer, turn.cause, turn.event, turn.time, expires, priority
            )
        turn = course.tier
        if turn.after > (turn.before or 0):
            priority = _REWARD_PRIORITY + _REWARD_STEP * (turn.after - 1)
            expires = turn.time + self._expiry[REWARD_LOYALTY]
            yield ActionCandidate(
                REWARD_LOYALTY, "customer", customer, turn.cause, turn.event, turn.time, expires, priority
            )

    def _late(self, account: Customer, now: int, found: list[ActionCandidate]) -> int:
        """Find what deliveries ask for that come, or came, late; give when the next one is overdue."""
        earliest, until = now - self._expiry[APOLOGISE], NEVER_US
        for entity, known in account.row.orders.items():
            for claim in known:
                if type(claim) is not Placed or claim.promised is None or claim.promised <= earliest:
                    continue
                if claim.promised >= now:
                    until = min(until, claim.promised + 1)
                    continue
                order = account.order(entity)
                if order is not None and order.promised == claim.promised and orders.exposures(order, now):
                    found.append(
                        self._by_time(APOLOGISE, "order", entity, claim.promised, _APOLOGISE_PRIORITY)
                    )
                    break
        return until

    def _carts(
        self, account: Customer, course: LifecycleHistory, now: int, found: list[ActionCandidate]
    ) -> int:
        """Find what carts ask for that were left, and nothing bought since; give when the next one is."""
        ordered = course.line[-1].time if course.line else -1
        earliest, until = now - self._expiry[RECOVER_CART], NEVER_US
        for entity, started in account.row.carts.items():
            active = started[0].time if len(started) == 1 else max(claim.time for claim in started)
            abandoned = active + carts.ABANDONED_AFTER_US
            if abandoned > now:
                until = min(until, abandoned)
            elif abandoned > earliest and active >= ordered and not account.conversions_of(entity):
                found.append(self._by_time(RECOVER_CART, "cart", entity, abandoned, _CART_PRIORITY))
        return until


def _latest(versions: Sequence[ReviewClaim]) -> Submitted | None:
    """Give a review's latest version, unless it was removed."""
    latest: Submitted | None = None
    for claim in versions:
        if isinstance(claim, Removed):
            return None
        if latest is None or (claim.time, claim.id) > (latest.time, latest.id):
            latest = claim
    return latest
