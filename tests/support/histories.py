"""Large random histories by seed, for faults that the small histories of Hypothesis cannot reach."""

import random
from typing import Any

from tests.support.drawn_histories import History, Step
from tests.support.strategies import (
    ANCHOR,
    DAY,
    DEFINITIONS,
    EXPERIMENTS,
    HOUR,
    MINUTE,
    VARIANTS,
    Event,
    rfc3339,
)

#: Event type -> weight; the weights sum to about 130.
WEIGHTS = {
    "order.placed": 30,
    "order.amended": 3,
    "order.cancelled": 2,
    "order.restored": 2,
    "order.line_placed": 8,
    "order.shipped": 2,
    "order.delivered": 10,
    "checkout.started": 6,
    "payment.failed": 2,
    "stock.missed": 2,
    "refund.requested": 3,
    "refund.completed": 5,
    "refund.rejected": 2,
    "refund.reversed": 3,
    "ticket.opened": 8,
    "ticket.replied": 10,
    "ticket.status_changed": 10,
    "ticket.transferred": 1,
    "ticket.updated": 5,
    "ticket.withdrawn": 2,
    "ticket.restored": 1,
    "review.submitted": 6,
    "review.removed": 1,
    "survey.answered": 12,
    "survey.withdrawn": 2,
    "experience.shared": 2,
    "customer.contacted": 1,
}
SCORES = {"nps": (0, 10), "ces": (1, 7), "csat": (1, 5)}


def random_history(
    seed: int, *, customers: int = 30, size: int = 3000, looks: int = 10, identities: bool = False
) -> History:
    """Return a history of customers who order, complain, answer and leave within two and a half years.

    The events arrive shuffled, a tenth of them twice, with `looks` evaluations, the last ones long after the
    last event.
    """
    rng = random.Random(seed)
    names = [f"customer-{number:02}" for number in range(customers)]
    nows = sorted(ANCHOR + rng.randrange(-120 * DAY, 60 * DAY) for _ in range(looks - 2))
    nows += [ANCHOR + 90 * DAY, ANCHOR + 500 * DAY]
    lives = {name: sorted(ANCHOR + rng.randrange(-900 * DAY, 60 * DAY) for _ in range(2)) for name in names}
    weights = [rng.expovariate(1) for _ in names]
    events = []
    for number, name in enumerate(rng.choices(names, weights, k=size)):
        time = (
            rng.randrange(*lives[name]) if rng.random() < 0.7 else rng.choice(nows) - rng.randrange(2 * DAY)
        )
        time -= rng.choice([0, time % HOUR, time % MINUTE])
        event = {"customer_id": name, "time": rfc3339(time), **_body(rng, names, time, identities=identities)}
        if events and rng.random() < 0.1:  # a competing claim about the same entity at the same instant
            rival = rng.choice(events[-200:])
            event = rival | _details(rng, rival["type"], names, time)
        if event.get("into") != event["customer_id"]:
            events.append({**event, "id": f"{rng.randrange(16**6):06x}-{number}"})
    deliveries = [*events, *rng.sample(events, len(events) // 10)]
    rng.shuffle(deliveries)
    history = History(DEFINITIONS, rng.randint(1, 4))
    for number, now in enumerate(nows):
        batch = deliveries[number * len(deliveries) // looks : (number + 1) * len(deliveries) // looks]
        crash = rng.randint(0, len(batch)) if rng.random() < 0.3 else None
        history.steps.append(Step(batch, now, crash))
    return history


def ticket_history(seed: int, *, customers: int = 4, size: int = 300) -> History:
    """Return a history of tickets within a week, with an evaluation on each day.

    Many tickets are withdrawn, and some restored, after their targets were emitted.
    """
    rng = random.Random(seed)
    nows = [ANCHOR + day * DAY for day in range(7)]
    kinds = {"ticket.opened": 6, "ticket.replied": 4, "ticket.status_changed": 4, "ticket.updated": 2}
    kinds |= {"ticket.withdrawn": 5, "ticket.restored": 2}
    history = History(DEFINITIONS, rng.randint(1, 3))
    for day, now in enumerate(nows):
        events = []
        for number, kind in enumerate(rng.choices(list(kinds), list(kinds.values()), k=size // len(nows))):
            time = now - rng.randrange(2 * DAY)
            head = {"id": f"{rng.randrange(16**6):06x}-{day}-{number}", "type": kind, "time": rfc3339(time)}
            name = {"customer_id": f"customer-{rng.randrange(customers)}"}
            events.append(head | name | _things(rng, "ticket") | _details(rng, kind, [], time))
        history.steps.append(Step(events, now, rng.choice([None, len(events) // 2, len(events)])))
    return history


def _body(rng: random.Random, names: list[str], time: int, *, identities: bool) -> Event:
    """Return the fields of an event, without customer and time."""
    if identities and rng.random() < 0.006:
        merged = {"type": "customer.merged", "into": rng.choice(names)}
        return merged if rng.random() < 0.8 else {"type": "customer.erased"}
    kinds = list(WEIGHTS)
    kind = rng.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
    body: Event = {"type": kind}
    if rng.random() < 0.8:
        body["channel"] = rng.choice(["web", "app", "chat", "pigeon"])
    if rng.random() < 0.2:
        body["experiments"] = {rng.choice(EXPERIMENTS): rng.choice(VARIANTS)}
    topic = kind.split(".")[0]
    return body | _things(rng, topic) | _details(rng, kind, names, time)


def _things(rng: random.Random, topic: str) -> dict[str, Any]:
    """Return the ids of the entities of an event, few enough to collide."""
    things = {
        "order": {"order_id": f"o{rng.randrange(60)}"},
        "refund": {"refund_id": f"r{rng.randrange(25)}", "order_id": f"o{rng.randrange(60)}"},
        "ticket": {"ticket_id": f"t{rng.randrange(12)}"},
        "review": {"review_id": f"v{rng.randrange(8)}"},
        "checkout": {"cart_id": f"k{rng.randrange(12)}"},
    }
    return things.get(topic, {})


def _details(rng: random.Random, kind: str, names: list[str], time: int) -> dict[str, Any]:
    def maybe(share: float, **fields: Any) -> dict[str, Any]:
        return fields if rng.random() < share else {}

    later = rfc3339(time + rng.choice([-HOUR, MINUTE, HOUR, 5 * HOUR, 3 * DAY]))
    survey = rng.choice(["nps", "nps", "ces", "csat"])
    details = {
        "order.placed": {
            "amount": rng.randrange(30_000),
            "currency": rng.choice(["USD", "USD", "EUR", "JPY", "KWD"]),
            **maybe(0.3, cart_id=f"k{rng.randrange(12)}"),
            **maybe(0.5, promised_at=later),
            **maybe(0.2, referred_by=rng.choice([*names, "stranger"])),
        },
        "order.line_placed": {
            "line_id": f"l{rng.randrange(4)}",
            "amount": rng.randrange(-5_000, 15_000),
            "currency": rng.choice(["USD", "USD", "USD", "EUR"]),
            **maybe(0.2, cart_id=f"k{rng.randrange(12)}"),
            **maybe(0.3, promised_at=later),
            **maybe(0.2, referred_by=rng.choice([*names, "stranger"])),
        },
        "order.amended": {"amount": rng.randrange(30_000)},
        "payment.failed": {"payment_method": rng.choice(["card", "wallet", "shells"])},
        "stock.missed": {"sku": "s1"},
        "refund.completed": {"amount": rng.randrange(30_000)},
        "ticket.opened": {
            "priority": rng.choice(["low", "normal", "high", "urgent"]),
            "opened_by": rng.choice(["customer", "customer", "customer", "agent"]),
            **maybe(0.3, team=rng.choice(["billing", "logistics"])),
        },
        "ticket.updated": {
            "agent": rng.choice(["agent-1", "agent-2"]),
            **maybe(0.7, priority=rng.choice(["low", "normal", "high", "urgent"])),
        },
        "ticket.withdrawn": maybe(0.8, reason=rng.choice(["spam", "deleted", "merged", "test", "boredom"])),
        "ticket.replied": {
            "author": rng.choice(["agent", "bot", "customer"]),
            "public": rng.random() < 0.8,
            **maybe(0.3, promised_at=later),
        },
        "ticket.status_changed": {
            "status": rng.choice(["open", "pending", "on_hold", "solved", "solved", "closed"])
        },
        "review.submitted": {
            "rating": rng.randint(1, 5),
            **maybe(0.5, sentiment=rng.uniform(-1, 1)),
            **maybe(0.5, text="What a great, lovely thing", language="en"),
        },
        "survey.answered": {
            "survey": survey,
            "score": rng.randint(*SCORES[survey]),
            **maybe(0.4, answer_id=f"a{rng.randrange(6)}"),
        },
        "survey.withdrawn": {"answer_id": f"a{rng.randrange(6)}"},
        "experience.shared": {"platform": "blog"},
        "customer.contacted": {"action_id": "a1"},
    }
    return details.get(kind, {})
