"""Hypothesis strategies for difficult histories: few ids that collide, times at every edge, any order."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from models.definitions.definitions import Definitions

Event = dict[str, Any]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: A Thursday at 10:00 UTC, the first instant of an hour and of a minute.
ANCHOR = int(datetime(2026, 3, 5, 10, tzinfo=UTC).timestamp()) * SECOND

CUSTOMERS = ("ada", "bob", "çelik")
EXPERIMENTS = ("checkout-v2", "price", "Übersicht", "other", "a/b")
VARIANTS = ("a", "b", "c", "", "other")

DEFINITIONS = Definitions(rates={"USD": 1.0, "EUR": 1.25, "JPY": 0.0078125, "KWD": 3.25})
#: Definitions with short durations, so that a few events reach every edge.
TIGHT = Definitions(
    rates=DEFINITIONS.rates,
    windows=("2h", "1d", "3d"),
    horizon_days=7,
    lifecycle_days=1,
    sla={"low": (4 * 3600, 12 * 3600), "normal": (7200, 14400), "high": (3600, 7200), "urgent": (60, 3600)},
    channels=("web", "chat"),
    payment_methods=("card",),
    max_experiments=2,
    max_variants=2,
)

#: Examples of the laws of outputs: few, since one takes long, and the same ones in each run.
output_laws = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def rfc3339(time: int, *, zone: int = 0) -> str:
    """Return a time in microseconds as RFC 3339 text, with a UTC offset of `zone` hours."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=time)
    return (moment.astimezone(UTC) + timedelta(hours=zone)).isoformat().replace("+00:00", "") + (
        f"{'-' if zone < 0 else '+'}{abs(zone):02}:00" if zone else "Z"
    )


def edges(definitions: Definitions) -> list[int]:
    """Return the ages at which a number changes: those of windows, lifecycle, targets, carts and horizon."""
    hours = [int(name[:-1]) * {"d": 24, "h": 1}[name[-1]] for name in definitions.windows]
    ages = [hours_ * HOUR for w in hours for hours_ in (w - 1, w, 2 * w - 1, 2 * w)]
    ages += [definitions.lifecycle_days * DAY, definitions.lifecycle_days * DAY // 2]
    ages += [seconds * SECOND for targets in definitions.sla.values() for seconds in targets]
    ages += [0, 0, MINUTE, HOUR, 24 * HOUR, 8760 * HOUR, 2 * 8760 * HOUR]
    return [*ages, (definitions.horizon_days * 24 - 1) * HOUR, definitions.horizon_days * DAY]


JITTERS = (0, 0, 0, 1, -1, SECOND, -SECOND, MINUTE, -MINUTE, 59 * MINUTE + 59 * SECOND, HOUR, -HOUR)


def times(definitions: Definitions) -> st.SearchStrategy[int]:
    """Return a strategy for times at and beside the edges, some of them later than the anchor."""
    return _times(tuple(edges(definitions)))


@cache
def _times(ages: tuple[int, ...]) -> st.SearchStrategy[int]:
    near = st.builds(
        lambda age, jitter: ANCHOR - age + jitter, st.sampled_from(ages), st.sampled_from(JITTERS)
    )
    later = st.builds(lambda age: ANCHOR + age, st.sampled_from(ages[:8]))
    return st.one_of(near, near, near, later)


def ids(character: str, count: int) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{character}{number}" for number in range(1, count + 1)])


PRIORITY = st.sampled_from(["low", "normal", "high", "urgent"])
AMOUNTS = st.sampled_from([0, 1, 999, 5_000, 10_000, 20_000, 50_000, 100_000])


def bodies(definitions: Definitions) -> dict[str, st.SearchStrategy[Event]]:
    """Return event type -> strategy for the fields beside customer and time.

    The strategies are made once: making them for each example takes a quarter of the time of drawing it.
    """
    return _bodies(tuple(edges(definitions)))


@cache
def _bodies(ages: tuple[int, ...]) -> dict[str, st.SearchStrategy[Event]]:
    moment = _times(ages).map(rfc3339)
    order, refund, ticket, cart = ids("o", 3), ids("r", 2), ids("t", 2), ids("k", 2)
    sampled = st.sampled_from

    def body(optional: dict[str, Any] | None = None, **required: Any) -> st.SearchStrategy[Event]:
        return st.fixed_dictionaries(required, optional=optional or {})

    versions = {"answer_id": ids("a", 2)}
    survey = st.one_of(
        body(survey=st.just("nps"), score=st.integers(0, 10), optional=versions),
        body(survey=st.just("nps"), score=sampled([6, 7, 8, 9]), optional=versions),
        body(survey=st.just("ces"), score=st.integers(1, 7), optional=versions),
        body(survey=st.just("csat"), score=st.integers(1, 5), optional=versions),
    )
    details = {
        "cart_id": cart,
        "promised_at": moment,
        "referred_by": sampled([*CUSTOMERS, "stranger"]),
        "payment_method": st.just("card"),
        "coupon": st.just("SPRING"),
        "attributes": st.dictionaries(sampled(["country", "basket"]), sampled(["DE", "AT", None])),
    }
    item = body(sku=ids("s", 2), quantity=st.integers(0, 3), amount=st.integers(-5, 5))
    changed = {"priority": PRIORITY, "team": sampled(["billing", "logistics"]), "category": ids("c", 2)}
    return {
        "order.placed": body(
            order_id=order,
            amount=AMOUNTS,
            currency=sampled(["USD", "USD", "EUR", "JPY", "KWD"]),
            optional=details | {"items": st.lists(item, max_size=2)},
        ),
        "order.line_placed": body(
            order_id=order,
            line_id=ids("l", 3),
            amount=st.one_of(AMOUNTS, sampled([-1, -999, -10_000])),
            currency=sampled(["USD", "USD", "USD", "EUR"]),
            optional=details | {"sku": ids("s", 2), "quantity": st.integers(0, 3)},
        ),
        "order.amended": body(order_id=order, amount=AMOUNTS),
        "order.cancelled": body(order_id=order, optional={"reason": st.just("changed my mind")}),
        "order.restored": body(order_id=order),
        "order.shipped": body(order_id=order),
        "order.delivered": body(order_id=order),
        "checkout.started": body(cart_id=cart),
        "payment.failed": body(
            payment_method=sampled(["card", "wallet", "shells"]), optional={"order_id": order}
        ),
        "stock.missed": body(sku=ids("s", 2)),
        "refund.requested": body(refund_id=refund, order_id=order),
        "refund.completed": body(refund_id=refund, order_id=order, amount=AMOUNTS),
        "refund.rejected": body(refund_id=refund, order_id=order),
        "refund.reversed": body(refund_id=refund, order_id=order, optional={"reason": st.just("bounced")}),
        "ticket.opened": body(
            ticket_id=ticket,
            optional={
                "priority": PRIORITY,
                "opened_by": sampled(["customer", "customer", "agent"]),
                "order_id": order,
                "team": sampled(["billing", "logistics"]),
                "category": ids("c", 2),
            },
        ),
        "ticket.updated": st.one_of(
            body(ticket_id=ticket, priority=PRIORITY),
            body(ticket_id=ticket, agent=ids("agent-", 2), optional=changed),
        ),
        "ticket.withdrawn": body(
            ticket_id=ticket,
            optional={"reason": sampled(["spam", "deleted", "merged", "test", "other", "boredom"])},
        ),
        "ticket.restored": body(ticket_id=ticket),
        "ticket.replied": body(
            ticket_id=ticket,
            author=sampled(["agent", "bot", "customer"]),
            optional={"public": st.booleans(), "promised_at": moment, "agent": ids("agent-", 2)},
        ),
        "ticket.status_changed": body(
            ticket_id=ticket, status=sampled(["open", "pending", "on_hold", "solved", "closed"])
        ),
        "ticket.transferred": body(ticket_id=ticket, optional={"to": st.just("tier 2")}),
        "review.submitted": body(
            review_id=ids("v", 2),
            rating=st.integers(1, 5),
            optional={
                "order_id": order,
                "text": sampled(["I love it, great!", "Terrible. It broke.", ""]),
                "language": sampled(["en", "de"]),
                "sentiment": sampled([-1, -0.25, 0, 0.3, 1.0]),
                "text_unchanged": st.booleans(),
            },
        ),
        "review.removed": body(review_id=ids("v", 2)),
        "survey.answered": survey,
        "survey.withdrawn": body(answer_id=ids("a", 2)),
        "experience.shared": body(platform=st.just("blog")),
        "customer.contacted": body(action_id=st.just("a1")),
        "customer.updated": body(
            attributes=st.dictionaries(sampled(["country", "plan"]), sampled(["DE", "AT", "", None]))
        ),
        "customer.merged": body(into=sampled([*CUSTOMERS, "guest"])),
        "customer.erased": body(),
    }


#: Groups of types that change the same numbers. A history often has the types of one group only.
TOPICS = (
    ("order.", "refund."),
    ("order.placed", "refund."),
    ("order.placed", "order.line_placed", "order.cancelled", "order.restored", "refund.", "checkout."),
    ("ticket.opened", "ticket.updated", "ticket.replied", "ticket.status_changed"),
    ("survey.", "order.placed"),
    ("ticket.", "order.placed"),
    ("review.", "survey.", "order.placed"),
    ("order.", "checkout.", "payment."),
)
#: The most frequent types of a history.
FREQUENT = ("order.placed",) * 5 + ("refund.completed", "ticket.opened", "ticket.opened", "ticket.replied")
FREQUENT += ("ticket.replied", "ticket.status_changed", "ticket.status_changed", "checkout.started")
#: Fields that an event of any type may have.
OPTIONAL = {
    "channel": st.sampled_from(["web", "chat", "app", "carrier pigeon"]),
    "experiments": st.dictionaries(st.sampled_from(EXPERIMENTS), st.sampled_from(VARIANTS), max_size=3),
}
#: Types that merge or erase customers.
IDENTITY = ("customer.merged", "customer.erased")


@st.composite
def event_sets(
    draw: st.DrawFn,
    definitions: Definitions,
    *,
    instants: list[int] | None = None,
    identities: bool = False,
    largest: int = 25,
) -> list[Event]:
    """Draw distinct valid events of few customers, entities and times, so that event ids break ties."""
    instants = instants or draw(moments(definitions))
    known = bodies(definitions)
    about = draw(st.sampled_from([("",), ("",), *TOPICS]))
    types = [kind for kind in known if kind not in IDENTITY] + list(FREQUENT)
    types = [kind for kind in types if kind.startswith(about)]
    if identities:
        types += list(IDENTITY)
    header = {
        "customer_id": st.sampled_from(draw(st.sampled_from([CUSTOMERS[:1], CUSTOMERS[:2], CUSTOMERS]))),
        "number": st.integers(0, draw(st.sampled_from([200, 200, 12]))),
        "time": st.sampled_from(instants),
        "zone": st.sampled_from([0, 0, 5, -8]),
    }
    heads = st.fixed_dictionaries(header, optional=OPTIONAL)

    @cache
    def parts(kind: str) -> st.SearchStrategy[tuple[str, Event, Event]]:
        return st.tuples(st.just(kind), heads, known[kind])

    whole = st.sampled_from(types).flatmap(parts)
    smallest = draw(st.sampled_from([0, 6, largest // 2]))

    def identity(event: tuple[str, Event, Event]) -> object:
        """Return the key of distinct events. Customers that may be merged may number their events alike."""
        return event[1]["customer_id"], event[1]["number"]

    drawn = draw(st.lists(whole, min_size=smallest, max_size=largest, unique_by=identity))
    return [event for parts in drawn if (event := _event(*parts)) is not None]


def _event(kind: str, head: Event, body: Event) -> Event | None:
    """Return an event, or None if it would merge a customer into itself."""
    head = dict(head)
    identity, time, zone = str(head.pop("number")), head.pop("time"), head.pop("zone")
    if body.get("into") == head["customer_id"]:
        return None
    return {"id": identity, "type": kind, "time": rfc3339(time, zone=zone), **head, **body}


@st.composite
def moments(draw: st.DrawFn, definitions: Definitions) -> list[int]:
    """Draw a few times, some of them exactly a target, a window or a promise apart."""
    instants = draw(st.lists(times(definitions), min_size=1, max_size=4))
    since = st.builds(int.__add__, st.sampled_from(instants), st.sampled_from(edges(definitions)))
    return instants + draw(st.lists(since, max_size=4))
