"""Random histories for numbers by segment and by calendar period: values that change, times at every edge."""

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from models.definitions.definitions import Definitions
from models.definitions.further_metrics import FURTHER_METRICS
from models.definitions.periods import PeriodDefinitions
from models.definitions.segments import Segment
from tests.support.drawn_histories import History, Step
from tests.support.strategies import DAY, DEFINITIONS, HOUR, MINUTE, SECOND, Event, rfc3339

#: Zone -> an instant at which a period begins or the clocks change.
ZONES = {
    "UTC": "2026-01-01T00:00Z",
    "Europe/Berlin": "2026-03-29T01:00Z",
    "America/New_York": "2026-11-01T06:00Z",  # the clocks go back on the first day of a month
    "America/Santiago": "2026-09-06T04:00Z",  # at midnight
    "Africa/Cairo": "2026-04-23T22:00Z",  # at midnight
    "Australia/Lord_Howe": "2026-10-03T15:30Z",  # by half an hour
    "Asia/Kolkata": "2025-12-31T18:30Z",
    "Asia/Kathmandu": "2026-06-30T18:15Z",
    "Pacific/Apia": "2011-12-30T10:00Z",  # the end of a week without a Friday
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Horizon in days -> windows, the first of them those of segments.
HORIZONS = {20: ("1d", "7d"), 120: ("7d", "30d"), 800: ("30d", "90d")}
#: Horizon in days -> the kinds of periods that it holds.
KINDS_WITHIN = {20: ("week",), 120: ("week", "month"), 800: ("week", "month", "quarter", "year")}
JITTERS = (0, 0, 0, 1, -1, SECOND, -SECOND, 30 * MINUTE, -30 * MINUTE, HOUR, -HOUR)
#: All kinds of segments. A history has some of them.
SEGMENTS = (
    Segment(name="country", field="country", values=("DE", "AT")),
    Segment(name="plan", of="customer", field="plan", values=("pro",)),
    Segment(name="channel", origin="first_channel", values=("web", "chat")),
    Segment(name="referral", origin="referred"),
    Segment(name="code", origin="coupon", values=("SPRING",)),
    Segment(name="basket", of="order", field="basket", values=("gift",)),
    Segment(name="team", origin="team", values=("billing",)),
    Segment(name="reason", origin="category", values=("late", "lost")),
    Segment(name="device", of="ticket", field="device", values=("phone",)),
)
#: Attribute -> its values; None removes it.
ATTRIBUTES = {"country": ("DE", "AT", "CH", "", "unknown", None), "plan": ("pro", "free", None)}
#: Kind of event -> weight.
KINDS = {
    "customer.updated": 12,
    "order.placed": 18,
    "order.line_placed": 2,
    "order.amended": 1,
    "order.cancelled": 2,
    "order.restored": 1,
    "order.delivered": 6,
    "refund.completed": 3,
    "refund.reversed": 1,
    "ticket.opened": 5,
    "ticket.updated": 3,
    "ticket.replied": 7,
    "ticket.status_changed": 3,
    "ticket.withdrawn": 1,
    "ticket.restored": 1,
    "review.submitted": 4,
    "review.removed": 0.5,
    "survey.answered": 8,
    "survey.withdrawn": 1,
    "customer.merged": 1.5,
    "customer.erased": 0.1,
}
#: Kind of event -> share that lies beyond the horizon.
OLD = {"customer.updated": 0.2, "order.placed": 0.04}
#: Prefixes of the types of a history, most of which change the numbers of the same paragraph.
FOCUS = (
    ("",),
    ("",),
    ("customer.", "order.placed", "refund."),
    ("customer.", "ticket.", "survey."),
    ("customer.updated", "customer.merged", "order.", "survey."),
    ("order.placed", "order.delivered", "review.", "customer.merged"),
)


def grouped_history(seed: int) -> History:
    """Return the history of a few customers, and one way in which their events may reach the workers.

    Events are at and beside the edges of windows, of the horizon and of calendar periods, and so are the
    evaluations.
    """
    rng = random.Random(seed)
    definitions, around = grouped_definitions(rng)
    instants, nows = _instants(rng, definitions, around)
    names = rng.choice([["ada"], ["ada", "bob"], ["ada", "bob", "cyd", "dan"]])
    beyond = min(nows) - (definitions.horizon_days + rng.randrange(400)) * DAY
    events = grouped_events(rng, names, instants, beyond)
    deliveries = events + (rng.sample(events, len(events) // 5))
    rng.shuffle(deliveries)
    history = History(definitions, rng.randint(1, 3), seed)
    share = -(-len(deliveries) // len(nows))
    for number, now in enumerate(nows):
        batch = deliveries[number * share : (number + 1) * share]
        history.steps.append(Step(batch, now, rng.choice([None, None, rng.randint(0, len(batch))])))
    return history


def grouped_definitions(rng: random.Random) -> tuple[Definitions, int]:
    """Return definitions with segments and periods, and an instant beside which a period begins."""
    zone, horizon = rng.choice(list(ZONES)), rng.choice(list(HORIZONS))
    kinds = rng.sample(KINDS_WITHIN[horizon], rng.randint(1, len(KINDS_WITHIN[horizon])))
    definitions = Definitions(
        rates=DEFINITIONS.rates,
        windows=HORIZONS[horizon],
        horizon_days=horizon,
        lifecycle_days=2,
        channels=("web", "chat"),
        teams=("billing",),
        payment_methods=("card",),
        keep_first_order=rng.random() < 0.8,
        further_metrics=FURTHER_METRICS,
        segments=tuple(rng.sample(SEGMENTS, rng.randint(1, 6))),
        segment_windows=HORIZONS[horizon][: rng.randint(1, 2)],
        min_cell=rng.choice([1, 1, 1, 2, 4]),
        periods=PeriodDefinitions(
            zone=zone, week_starts=rng.choice(["monday", "sunday", "saturday"]), kinds=tuple(kinds)
        ),
    )
    return definitions, int(datetime.fromisoformat(ZONES[zone]).timestamp()) * SECOND


def _instants(rng: random.Random, definitions: Definitions, around: int) -> tuple[list[int], list[int]]:
    """Return a few times of events, and the times of evaluations, ascending."""
    begins = beginnings(definitions.periods.zone, definitions.periods.week_starts, around)
    hours = [int(name[:-1]) * 24 for name in definitions.windows]
    ages = [0, HOUR, DAY, *(each * HOUR for w in hours for each in (w - 1, w, 2 * w - 1, 2 * w))]
    ages += [(definitions.horizon_days * 24 - 1) * HOUR, definitions.horizon_days * DAY]
    ages += [definitions.horizon_days * DAY + 3 * HOUR, 30 * DAY, 30 * DAY + HOUR]
    nows = [rng.choice([around, *begins[-4:]]) + rng.choice(JITTERS)]
    nows += [nows[0] + rng.choice(ages) + rng.choice(JITTERS) for _ in range(rng.choice([0, 0, 1, 2]))]
    beside = [rng.choice(nows) - rng.choice(ages) for _ in range(rng.randint(2, 6))]
    beside += [rng.choice(begins) for _ in range(rng.randint(2, 6))]
    beside += [min(nows) - rng.randrange(3 * hours[0] * HOUR) for _ in range(rng.randint(2, 6))]
    return [time + rng.choice(JITTERS) for time in beside for _ in range(rng.randint(1, 2))], sorted(nows)


@cache
def beginnings(zone: str, week_starts: str, around: int) -> list[int]:
    """Return the instants of the midnights at which weeks and months begin, from a year before an instant."""
    local = ZoneInfo(zone)
    day = datetime.fromtimestamp(around // SECOND, UTC).astimezone(local).date()
    dates = [day + timedelta(days=shift) for shift in range(-430, 40)]
    firsts = [one for one in dates if one.day == 1 or (one.weekday() == WEEKDAYS.index(week_starts))]
    recent = [one for one in firsts if one.day == 1 or one > day - timedelta(days=60)]
    midnights = [datetime(one.year, one.month, one.day, tzinfo=local) for one in recent]
    return [int(one.timestamp()) * SECOND for one in midnights]


def grouped_events(rng: random.Random, names: list[str], instants: list[int], beyond: int) -> list[Event]:
    """Return distinct events, some of which have one id and different contents.

    A fifth of the updates and some orders are beside a time beyond the horizon.
    """
    about = rng.choice(FOCUS)
    kinds = {kind: weight for kind, weight in KINDS.items() if kind.startswith(about)}
    events: list[Event] = []
    for number in rng.sample(range(200), rng.choice([8, 20, 40, 60])):
        kind = rng.choices([*kinds], [*kinds.values()])[0]
        head = {"id": f"e{number:03}", "type": kind, "customer_id": rng.choice(names)}
        fields = _fields(rng, kind, names, instants)
        if fields.get("into") == head["customer_id"]:
            continue
        is_old = rng.random() < OLD.get(kind, 0)
        time = beyond + rng.choice(JITTERS) if is_old else rng.choice(instants)
        events.append({**head, "time": rfc3339(time), **fields})
        # Contents of equal times that differ in fields which facts do not keep would compare otherwise.
        others = [each for each in instants if each != time]
        if rng.random() < 0.06 and others and kind not in ("customer.merged", "customer.erased"):
            fields = _fields(rng, kind, names, instants)
            events.append({**head, "time": rfc3339(rng.choice(others)), **fields})
    return events


def _fields(rng: random.Random, kind: str, names: list[str], instants: list[int]) -> dict[str, Any]:
    def maybe(share: float, **fields: Any) -> dict[str, Any]:
        return fields if rng.random() < share else {}

    order, ticket = {"order_id": f"o{rng.randrange(6)}"}, {"ticket_id": f"t{rng.randrange(3)}"}
    amount = {"amount": rng.choice([0, 500, 999, 10_000])}
    moment = rfc3339(rng.choice(instants))
    names_and_values = rng.sample([*ATTRIBUTES], rng.randint(1, 2))
    sold = {
        **amount,
        "currency": rng.choice(["USD", "USD", "EUR", "KWD"]),
        **maybe(0.6, channel=rng.choice(["web", "chat", "pigeon"])),
        **maybe(0.3, coupon=rng.choice(["SPRING", "FALL"])),
        **maybe(0.4, attributes=maybe(0.9, basket=rng.choice(["gift", "big"]), country="DE")),
        **maybe(0.6, promised_at=moment),
        **maybe(0.3, referred_by=rng.choice([*names, "stranger"])),
    }
    support = {
        **maybe(0.3, team=rng.choice(["billing", "logistics"])),
        **maybe(0.3, category=rng.choice(["late", "lost", "other"])),
    }
    survey = rng.choice(["nps", "nps", "csat"])
    fields: dict[str, dict[str, Any]] = {
        "customer.updated": {"attributes": {name: rng.choice(ATTRIBUTES[name]) for name in names_and_values}},
        "order.placed": order | sold,
        "order.line_placed": order | sold | {"line_id": f"l{rng.randrange(2)}"},
        "order.amended": order | amount,
        "refund.completed": order | amount | {"refund_id": f"r{rng.randrange(3)}"},
        "refund.reversed": order | {"refund_id": f"r{rng.randrange(3)}"},
        "ticket.opened": {
            **ticket,
            **support,
            **maybe(0.4, attributes=maybe(0.9, device=rng.choice(["phone", "desk"]))),
            **maybe(0.3, opened_by="agent"),
            **maybe(0.5, priority=rng.choice(["urgent", "low"])),
        },
        "ticket.updated": ticket | {"agent": "kim"} | support | maybe(0.3, priority="high"),
        "ticket.replied": ticket | {"author": rng.choice(["agent", "agent", "agent", "bot"])},
        "ticket.status_changed": ticket | {"status": rng.choice(["open", "solved"])},
        "review.submitted": {
            "review_id": f"v{rng.randrange(3)}",
            "rating": rng.randint(1, 5),
            **maybe(0.8, **order),
        },
        "review.removed": {"review_id": f"v{rng.randrange(3)}"},
        "survey.answered": {
            "survey": survey,
            "score": rng.choice([0, 6, 7, 9]) if survey == "nps" else rng.randint(3, 5),
            **maybe(0.5, answer_id=f"a{rng.randrange(3)}"),
            **maybe(0.5, **ticket),
        },
        "survey.withdrawn": {"answer_id": f"a{rng.randrange(3)}"},
        "customer.merged": {"into": rng.choice([*names, "guest"])},
        "customer.erased": {},
    }
    return fields.get(kind, ticket if kind.startswith("ticket.") else order)
