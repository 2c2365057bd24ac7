"""The simulated shop, without Kafka: reproducible, valid, consistent, and its scenarios' effects emerge."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile
from random import Random

import msgspec
import pytest

from models.contract.decoding import EventError, check_time, decode, to_us
from models.contract.events import EVENT_TYPES
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from models.metrics import catalogue
from models.partition import standalone
from models.partition.partition import Partition
from prometheus.thresholds import THRESHOLDS
from streams.simulator import SCENARIOS, open_shop, simulate, topic_of
from streams.simulator.garbage import spoil

pytestmark = pytest.mark.slow

START = datetime(2025, 5, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
SMALL = 400
#: What the metrics that are compared depend on.
MEASURED = ("order.placed", "order.line_placed", "order.cancelled", "order.restored", "ticket.", "survey.")
MEASURED += ("refund.completed", "refund.reversed")
#: Event types that begin an order.
PLACING = ("order.placed", "order.line_placed")


def a_shop(seed=1, end=END, customers=SMALL, scenario="steady", **options):
    return simulate(seed, START, end, customers, scenario, **options)


def lines(events):
    return [msgspec.json.encode(event) for event in events]


def when(event, field="time"):
    return datetime.fromisoformat(event[field])


@pytest.fixture(scope="module")
def events():
    return list(a_shop(customers=2_000))


@pytest.fixture(scope="module")
def small_shop():
    return list(a_shop())


@pytest.fixture(scope="module")
def by_ticket(events):
    tickets = defaultdict(list)
    for event in events:
        if event["type"].startswith("ticket."):
            tickets[event["ticket_id"]].append(event)
    return tickets


@cache
def measure(scenario):
    """The metrics of a shop that the scenario ran for its last 200 days, by the project's own definitions."""
    definitions, end = Definitions(), START + timedelta(days=330)
    partition, now = Partition(definitions, {}), to_us(end)
    partition.resume(now)
    for event in a_shop(3, end, 6_000, scenario):
        if not event["type"].startswith(MEASURED):
            continue
        decoded = decode(topic_of(event), msgspec.json.encode(event))
        for customer, fact in facts_of(decoded, definitions):
            partition.process_one(customer, fact)
    standalone.build_aggregates(partition, now)
    samples = catalogue.compute([partition.evaluate(now)], definitions, now)
    return {(sample.metric, *sorted(sample.labels.values())): sample.value for sample in samples}


def churn(measured):
    return measured["retention_churn_ratio", "90d"]


def test_the_same_seed_gives_the_same_bytes(small_shop):
    assert lines(a_shop()) == lines(small_shop)


def test_another_seed_or_scenario_gives_another_shop(small_shop):
    first = lines(small_shop)
    assert first != lines(a_shop(seed=2))
    assert first != lines(a_shop(scenario="growth"))


def test_a_shorter_simulation_is_the_beginning_of_a_longer_one(small_shop):
    middle = datetime(2025, 11, 11, 11, tzinfo=UTC)
    shorter = list(a_shop(end=middle))
    longer = list(takewhile(lambda event: when(event) < middle - timedelta(seconds=1), small_shop))
    assert longer == shorter[: len(longer)]
    assert len(shorter) - len(longer) <= 5


def test_a_simulation_that_goes_on_equals_one_in_one_go():
    shop = open_shop(1, START, END, SMALL)
    parts = [
        event
        for month in range(1, 12)
        for _, event in shop.run((START + timedelta(days=30 * month)).timestamp())
    ]
    assert parts == list(a_shop(end=START + timedelta(days=330)))


def test_events_are_in_order_and_never_in_the_future(events):
    times = [when(event) for event in events]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[0] >= START
    assert times[-1] <= END


def test_ids_are_unique_and_short(events):
    assert len({event["id"] for event in events}) == len(events)
    assert max(len(event["id"]) for event in events) <= 20


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_event_is_valid(scenario):
    definitions = Definitions()
    for event in a_shop(scenario=scenario):
        assert facts_of(decode(topic_of(event), msgspec.json.encode(event)), definitions) is not None


def test_every_type_of_event_occurs(events):
    assert Counter(event["type"] for event in events).keys() == EVENT_TYPES.keys()


def test_requested_currencies_occur():
    placed = [event for event in a_shop(currencies=("USD", "EUR")) if event["type"] == "order.placed"]
    assert {event["currency"] for event in placed} == {"USD", "EUR"}


def test_conversation_begins_with_its_opening(by_ticket):
    assert len(by_ticket) > 500
    assert {conversation[0]["type"] for conversation in by_ticket.values()} == {"ticket.opened"}
    assert all(
        sum(event["type"] == "ticket.opened" for event in conversation) == 1
        for conversation in by_ticket.values()
    )


def test_a_status_changes_to_another_and_nothing_follows_closed(by_ticket):
    for conversation in by_ticket.values():
        changes = [event["status"] for event in conversation if event["type"] == "ticket.status_changed"]
        assert all(before != after for before, after in pairwise(["open", *changes]))
        assert "closed" not in changes[:-1]
        if changes[-1:] == ["closed"]:
            assert conversation[-1]["type"] == "ticket.status_changed"


def test_customers_answer_when_asked_and_agents_need_time(by_ticket):
    quickest = timedelta(seconds=30)
    for conversation in by_ticket.values():
        opened = when(conversation[0])
        agents = [when(event) for event in conversation if event.get("author") == "agent"]
        assert all(reply - opened > quickest for reply in agents)
        for event, following in pairwise(conversation):
            if event.get("status") == "pending":
                assert following.get("author") == "customer" or following.get("status") == "solved"


def test_tickets_of_a_steady_shop_are_dealt_with(by_ticket):
    last = [
        next((event["status"] for event in reversed(talk) if "status" in event), "open")
        for talk in by_ticket.values()
        if "ticket.withdrawn" not in {event["type"] for event in talk}
    ]
    assert Counter(last)["closed"] > 0.9 * len(last)


def test_parcels_follow_packing_and_refunds_follow_requests(events):
    placed, shipped, requested, refunded, paid = {}, set(), {}, Counter(), {}
    for event in events:
        match event["type"]:
            case "order.placed":
                placed[event["order_id"]] = event["amount"]
            case "order.line_placed":
                placed[event["order_id"]] = placed.get(event["order_id"], 0) + event["amount"]
            case "order.amended":
                placed[event["order_id"]] = event["amount"]
            case "order.shipped":
                assert event["order_id"] in placed
                shipped.add(event["order_id"])
            case "order.delivered":
                assert event["order_id"] in shipped
            case "refund.requested":
                requested[event["refund_id"]] = event["order_id"]
            case "refund.completed" | "refund.rejected":
                assert requested.pop(event["refund_id"]) == event["order_id"]
                refunded[event["order_id"]] += event.get("amount", 0)
                paid[event["refund_id"]] = event.get("amount", 0)
            case "refund.reversed":
                refunded[event["order_id"]] -= paid.pop(event["refund_id"])
                requested[event["refund_id"]] = event["order_id"]
    assert all(amount <= placed[order] for order, amount in refunded.items())


def test_corrections_follow_what_they_correct(events):
    earlier = {
        "order.restored": ("order.cancelled", "order_id"),
        "refund.reversed": ("refund.completed", "refund_id"),
        "ticket.withdrawn": ("ticket.opened", "ticket_id"),
        "ticket.restored": ("ticket.withdrawn", "ticket_id"),
        "survey.withdrawn": ("survey.answered", "answer_id"),
    }
    seen, found = set(), set()
    for event in events:
        seen |= {(event["type"], event[thing]) for _, thing in earlier.values() if thing in event}
        if event["type"] in earlier:
            kind, thing = earlier[event["type"]]
            assert (kind, event[thing]) in seen
            found.add(event["type"])
    assert found == earlier.keys()


def test_share_of_tickets_is_withdrawn_raised_or_in_a_team(by_ticket):
    share = Counter()
    for conversation in by_ticket.values():
        kinds = {event["type"] for event in conversation}
        share["withdrawn"] += "ticket.withdrawn" in kinds
        share["raised"] += any("priority" in e for e in conversation if e["type"] == "ticket.updated")
        share["team"] += "team" in conversation[0]
    assert 0.01 < share["withdrawn"] / len(by_ticket) < 0.06
    assert 0.005 < share["raised"] / len(by_ticket) < 0.2
    assert 0.5 < share["team"] / len(by_ticket) < 0.8


def test_discount_is_a_line_of_a_negative_amount(events):
    lines = defaultdict(list)
    for event in events:
        if event["type"] == "order.line_placed":
            lines[event["order_id"]].append(event)
    assert not lines.keys() & {event["order_id"] for event in events if event["type"] == "order.placed"}
    for order in lines.values():
        assert len({line["line_id"] for line in order}) == len(order)
        assert all((line["amount"] < 0) == ("sku" not in line) for line in order)
        assert sum(line["amount"] for line in order) > 0


def test_late_orders_have_lower_ratings(events):
    reviews = [event for event in events if event["type"] == "review.submitted"]
    promised = {
        e["order_id"]: when(e, "promised_at") for e in events if "promised_at" in e and "order_id" in e
    }
    arrived = {e["order_id"]: when(e) for e in events if e["type"] == "order.delivered"}
    late, on_time = [], []
    for review in reviews:
        order = review["order_id"]
        if order in promised and order in arrived:
            (late if arrived[order] > promised[order] else on_time).append(review["rating"])
    assert sum(late) / len(late) < sum(on_time) / len(on_time) - 0.5


def test_december_and_evenings_sell_more(events):
    orders = [when(event) for event in events if event["type"] in PLACING]
    months, hours = Counter(time.month for time in orders), Counter(time.hour for time in orders)
    assert months[12] > 1.15 * months[1]
    assert hours[20] > 5 * hours[4]


@pytest.mark.parametrize(
    ("scenario", "rise"),
    [("support-backlog", 0.01), ("late-deliveries", 0.08), ("stockouts", 0.08), ("payment-outage", 0.04)],
)
def test_bad_experiences_raise_churn(scenario, rise):
    assert churn(measure(scenario)) > churn(measure("steady")) + rise


def test_demo_story_ends_above_the_churn_alert_threshold():
    began, thresholds = START + timedelta(days=140), THRESHOLDS["churn"]
    end = began + timedelta(days=60)
    story = list(simulate(1, START, end, 8_000, "bad-autumn", since=began))
    before, now = lost_in_30_days(story, end - timedelta(weeks=4)), lost_in_30_days(story, end)
    assert now > thresholds["rise_factor"] * before
    assert now > before + thresholds["rise_points"]


def lost_in_30_days(events, end):
    window = timedelta(days=30)
    cancelled = {event["order_id"] for event in events if event["type"] == "order.cancelled"}
    cancelled -= {event["order_id"] for event in events if event["type"] == "order.restored"}
    bought = [
        (event["customer_id"], when(event))
        for event in events
        if event["type"] in PLACING and event["order_id"] not in cancelled
    ]
    before = {customer for customer, at in bought if end - 2 * window < at <= end - window}
    now = {customer for customer, at in bought if end - window < at <= end}
    return len(before - now) / len(before)


def test_fewer_agents_make_longer_queues_and_worse_ratings():
    steady, backlog = measure("steady"), measure("support-backlog")
    median = ("retention_first_response_seconds", *sorted(["0.5", "90d", "all", "calendar", "human"]))
    assert backlog[median] > 4 * steady[median]
    satisfied = ("retention_csat_ratio", "90d")
    assert backlog[satisfied] < steady[satisfied] - 0.05


def test_growth_brings_new_customers(events):
    steady = {event["customer_id"] for event in events}
    growth = {event["customer_id"] for event in a_shop(customers=2_000, scenario="growth")}
    assert len(growth) > 1.5 * len(steady)


def test_rush_has_the_requested_rate_and_known_customers():
    shop = open_shop(1, START, END, 2_000)
    shop.rush(END.timestamp(), 40)
    known = {event["customer_id"] for _, event in shop.run(END.timestamp())}
    live = [event for _, event in shop.run(END.timestamp() + 300)]
    assert 20 * 300 < len(live) < 60 * 300
    assert sum(event["customer_id"] in known for event in live) > len(live) / 2
    assert len({event["type"] for event in live}) > 10


def test_garbage_is_rejected_for_every_reason_and_has_no_newline():
    random, definitions, reasons = Random(1), Definitions(), Counter()
    now = to_us(END)
    for event in a_shop(end=START + timedelta(days=60)):
        value = spoil(event, random)
        assert b"\n" not in value
        with pytest.raises(EventError) as error:  # noqa: PT012 - each step may raise
            decoded = decode(topic_of(event) if topic_of(event) == "orders" else "orders", value)
            check_time(type(decoded), to_us(decoded.time), wall_us=now, now_us=now, definitions=definitions)
            facts_of(decoded, definitions)
        reasons[error.value.reason] += 1
    assert reasons.keys() == {
        "not_json", "unknown_type", "invalid_field", "unknown_currency", "future_time", "too_old"
    }  # fmt: skip
