"""Random tickets whose targets run by schedules: around openings, closings and changes of the clocks."""

import random
from typing import Any

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from streams.config import schedules as schedule_tables
from tests.oracle.policies import schedules
from tests.support.drawn_histories import History, Step
from tests.support.random_schedules import JITTERS, openings_beside, random_change, random_schedule
from tests.support.strategies import DAY, HOUR, MINUTE, SECOND, TIGHT, Event, rfc3339

HORIZON_DAYS = 14
TEAMS = ("billing", "logistics", "returns")
#: Kind of event about a ticket -> weight.
KINDS = {"replied": 12, "status_changed": 9, "updated": 5, "withdrawn": 1, "restored": 1}
#: Limits of targets, seconds.
LIMITS = (60, 1800, 3600, 7200, 8 * 3600, 30 * 3600)
PAUSES = ((), ("pending",), ("pending",), ("pending", "on_hold"), ("open",))
AUTHORS = ("agent", "agent", "bot", "customer", "customer", "customer")
STATUSES = ("open", "open", "pending", "pending", "on_hold", "solved")


def support_history(seed: int, *, identities: bool = True) -> History:
    """Return the history of one or two tickets, and one way in which its events may reach the workers.

    Its evaluations are at and beside due times, and long after the last event.
    """
    rng = random.Random(seed)
    definitions, change = support_definitions(rng)
    hours = list(schedules(definitions).values())
    beside = [time for each in hours for time in openings_beside(each, change)]
    begins = [rng.choice(beside) + rng.choice(JITTERS) for _ in range(rng.randint(1, 3))]
    limits = rng.sample(LIMITS, 3)
    dues = [each.due(time, limit * SECOND) for each in hours for time in begins for limit in limits]
    last = max(begins) + 6 * DAY
    later = [time for time in dues if time < last] + [time + 20 * MINUTE for time in begins]
    instants = begins + [rng.choice(later) + rng.choice(JITTERS) for _ in range(rng.randint(2, 6))]
    names = rng.choice([["ada"], ["ada"], ["ada", "bob"]]) if identities else ["ada"]
    deliveries = events_of(rng, names, begins, instants)
    deliveries += rng.sample(deliveries, 2)
    rng.shuffle(deliveries)
    nows = [
        rng.choice([*later, *instants]) + rng.choice([0, 0, -1, 1, HOUR]) for _ in range(rng.randint(0, 2))
    ]
    history = History(definitions, rng.randint(1, 2), seed)
    history.steps += _steps(rng, deliveries, [*sorted(nows), last])
    return history


def support_definitions(rng: random.Random) -> tuple[Definitions, int]:
    """Return definitions with one or two schedules, and an instant at which the clocks of one may change."""
    tables = {name: random_schedule(rng) for name in rng.choice([["support"], ["support", "night"]])}
    policies = {priority: _policy(rng, list(tables)) for priority in PRIORITIES}
    definitions = Definitions(
        rates=TIGHT.rates,
        windows=("1d", "7d"),
        horizon_days=HORIZON_DAYS,
        lifecycle_days=TIGHT.lifecycle_days,
        teams=rng.choice([(), ("billing",), ("billing", "logistics")]),
        channels=("chat",),
        payment_methods=("card",),
        schedules=schedule_tables.read(tables, HORIZON_DAYS, None),
        sla={priority: (rng.choice(LIMITS), rng.choice(LIMITS)) for priority in PRIORITIES},
        sla_policies=policies,
    )
    return definitions, random_change(rng, tables["support"])


def _policy(rng: random.Random, names: list[str]) -> SlaPolicy:
    tiers = rng.sample(["member", "silver", "vip"], rng.choice([0, 1, 2]))
    return SlaPolicy(
        schedule=rng.choice([*names, *names, None]),
        pause=rng.choice(PAUSES),
        next_response=rng.choice([None, *LIMITS]),
        tiers={
            tier: SlaTargets(rng.choice(LIMITS), rng.choice(LIMITS), rng.choice([None, *LIMITS]))
            for tier in tiers
        },
    )


def events_of(rng: random.Random, names: list[str], begins: list[int], instants: list[int]) -> list[Event]:
    """Return the events of one or two tickets of one customer, and of the orders that decide the tier.

    Names are those of one customer, once they are merged.
    """
    tickets = rng.choice([["t1"], ["t1"], ["t1", "t2"]])
    found: list[tuple[int, dict[str, Any]]] = [(rng.choice(begins), _opening(rng, name)) for name in tickets]
    found += [
        (rng.choice(instants), {"ticket_id": rng.choice(tickets), **_change(rng)})
        for _ in range(rng.randint(3, 12))
    ]
    for name in rng.sample(tickets, rng.choice([0, 0, 1])):
        answer = {"survey": "csat", "score": rng.choice([2, 4]), "ticket_id": name}
        version = rng.choice([{}, {"answer_id": "a1"}])
        found += [(rng.choice(instants), {"type": "survey.answered", **answer, **version}) for _ in range(2)]
        if version:
            found.append((rng.choice(instants), {"type": "survey.withdrawn", **version}))
    for kind in rng.choice([(), ("order.placed",), ("order.placed", "refund.completed")]):
        amount = {"order_id": "o", "amount": rng.choice([20_000, 100_000])}
        extra = {"currency": "USD"} if kind == "order.placed" else {"refund_id": "r"}
        found.append((rng.choice(begins) - rng.choice([0, HOUR]), {"type": kind, **amount, **extra}))
    if len(names) > 1:
        found.append((rng.choice(instants), {"type": "customer.merged", "into": "ada", "customer_id": "bob"}))
    numbers = rng.sample(range(len(found)), len(found))
    return [
        {"id": f"e{number:02}", "time": rfc3339(time), "customer_id": rng.choice(names), **fields}
        for number, (time, fields) in zip(numbers, found, strict=True)
    ]


def _opening(rng: random.Random, name: str) -> dict[str, Any]:
    by = rng.choice(["customer", "customer", "agent"])
    team = rng.choice([{}, {"team": rng.choice(TEAMS)}])
    head = {"type": "ticket.opened", "ticket_id": name, "opened_by": by}
    return {**head, "priority": rng.choice(PRIORITIES), **team}


def _change(rng: random.Random) -> dict[str, Any]:
    kind = rng.choices([*KINDS], [*KINDS.values()])[0]
    fields = {
        "replied": {"author": rng.choice(AUTHORS), "public": rng.random() < 0.8},
        "status_changed": {"status": rng.choice(STATUSES)},
        "updated": rng.choice([{"priority": rng.choice(PRIORITIES)}, {"team": rng.choice(TEAMS)}]),
    }
    return {"type": f"ticket.{kind}", **fields.get(kind, {})}


def _steps(rng: random.Random, deliveries: list[Event], nows: list[int]) -> list[Step]:
    share = -(-len(deliveries) // len(nows))
    batches = [deliveries[number * share : (number + 1) * share] for number in range(len(nows))]
    return [
        Step(batch, now, rng.choice([None, None, rng.randint(0, len(batch))]))
        for batch, now in zip(batches, nows, strict=True)
    ]
