"""The actions to issue for each customer, read naively from docs/outputs.md, "Actions"."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.oracle.customer import Customer
from tests.oracle.feedback import answers
from tests.oracle.policies import policy
from tests.oracle.profiles import transitions
from tests.oracle.relations import universe
from tests.oracle.targets import missed
from tests.oracle.tickets import Ticket, tickets_of
from tests.oracle.values import HOUR, RESOLVED, Event, claim, last
from tests.oracle.world import World

#: Actions for agents, which are neither capped nor suppressed.
OURS = ("acknowledge", "escalate")


class Cause(NamedTuple):
    """The cause of an action. All outputs about an action for one cause have one action id."""

    customer: str
    action: str
    subject: str
    since: int


def wanted(events: Iterable[Mapping[str, Any]], now: int, definitions: Any) -> set[Cause]:
    """Return the causes of actions at `now`: they have begun, still apply, and have not expired."""
    world = World(events, now, definitions)
    last_transitions = transitions(events, now, definitions)
    action_policy = definitions.actions
    found = set()
    for customer in universe(world):
        for action, subject, since, until in candidates(world, customer, last_transitions):
            expires = since + action_policy.expiry[action] * 1_000_000 if until is None else until
            if since <= now < expires and action not in action_policy.off:
                found.add(Cause(customer.name, action, subject, since))
    return found


def candidates(
    world: World, customer: Customer, last_transitions: Any
) -> Iterator[tuple[str, str, int, int | None]]:
    """Yield action, subject, begin and end of each cause. None as the end: the configured expiry."""
    for ticket in tickets_of(customer):
        if ticket.status not in RESOLVED:
            yield from of_ticket(world, ticket)
    yield from of_feedback(world, customer)
    yield from of_orders(world, customer)
    lifecycle, tier = last_transitions[customer.name, "lifecycle"], last_transitions[customer.name, "tier"]
    if lifecycle[1] in {"at_risk", "churned"}:
        yield "win_back", customer.name, lifecycle[2], None
    ranks = ["member", *world.definitions.tiers]
    if ranks.index(tier[1]) > ranks.index(tier[0] or "member"):
        yield "reward_loyalty", customer.name, tier[2], None


def of_ticket(world: World, ticket: Ticket) -> Iterator[tuple[str, str, int, int | None]]:
    """Yield the causes in a ticket that is not solved or closed.

    "A quarter of the first-response target has gone without a public answer. Until the target." "A target was
    missed, and is not met yet."
    """
    name = ticket.opened["ticket_id"]
    rules = policy(world, ticket, ticket.priority)
    patience = int(rules.first_response * world.definitions.actions.acknowledge_after)
    is_unanswered = ticket.by_customer and ticket.response("any") is None
    if is_unanswered and world.now >= rules.schedule.due(ticket.at, patience):
        yield "acknowledge", name, ticket.at, rules.schedule.due(ticket.at, rules.first_response)
    for at in missed(world, ticket):
        yield "escalate", name, at, None


def of_feedback(world: World, customer: Customer) -> Iterator[tuple[str, str, int, int | None]]:
    """Yield the causes in reviews and NPS answers.

    "The latest NPS answer is a detractor's, or a review has 2 stars or fewer." "Favours are asked only while
    no ticket is open and no review is bad."
    """
    removed = customer.about("review_id", "review.removed")
    versions = customer.about("review_id", "review.submitted").items()
    reviews: list[Event] = [max(texts, key=claim) for name, texts in versions if name not in removed]
    bad = [review for review in reviews if review["rating"] <= world.definitions.actions.bad_rating]
    for review in bad:
        yield "recover_service", review["review_id"], review["at"], None
    answer = last(answers(customer, "nps"))
    if answer is not None and answer["score"] <= 6:
        yield "recover_service", answer["id"], answer["at"], None
    is_open = any(ticket.status not in RESOLVED for ticket in tickets_of(customer))
    if answer is not None and answer["score"] >= 9 and not bad and not is_open:
        yield "ask_for_referral" if reviews else "ask_for_review", answer["id"], answer["at"], None


def of_orders(world: World, customer: Customer) -> Iterator[tuple[str, str, int, int | None]]:
    """ "A delivery is overdue, or came late." "A cart was abandoned, and nothing ordered since." """
    for order in customer.orders:
        promised = order.promised_at
        is_missed = promised is not None and promised < world.now
        if is_missed and (order.was_late or (order.qualifies and order.delivered_at is None)):
            yield "apologise_late_delivery", order.placed["order_id"], promised, None
    latest = max((order.at for order in customer.qualifying), default=None)
    for cart, started in customer.about("cart_id", "checkout.started").items():
        active = max(event["at"] for event in started)
        if cart not in customer.conversions and (latest is None or active >= latest):
            yield "recover_cart", cart, active + HOUR, None
