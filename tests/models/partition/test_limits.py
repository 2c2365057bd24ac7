"""Hostile numbers of distinct values: memory, series and partial aggregates stay within bounds.

Each test is an attack that took gigabytes, or could: 100,000 distinct values of a field that series are
counted by.
"""

import json
from collections import Counter
from itertools import islice

import msgspec
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.definitions.windows import Window
from models.facts.claims import CustomerUpdated
from models.facts.details import ATTRIBUTES
from models.facts.fact import Fact, encode_fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.metrics.variants import VariantTotals
from models.partition import standalone
from models.partition.partition import Partition
from tests.support.partitions import DAY, NOW
from tests.support.strategies import rfc3339

DISTINCT = 100_000
PER_EVENT = 64
#: More than the decoded customers in the cache take, and much less than a table of each name would.
MEGABYTES = 80
LIMITS = Definitions(max_experiments=3, max_variants=2)
SEGMENTS = Definitions(
    segments=(
        *(Segment(name=of, of=of, field="field", values=("a",)) for of in ("customer", "order", "ticket")),
        *(Segment(name=each, origin=each, values=("a",)) for each in ("coupon", "team", "category")),
    )
)


def order(number, at=NOW - 8 * DAY, **fields):
    event = {"id": f"e{number}", "type": "order.placed", "time": rfc3339(at), "customer_id": f"c{number}"}
    return event | {"order_id": "o", "amount": 100, "currency": "USD"} | fields


def partition_of(events, definitions=LIMITS):
    """Return a live partition that has processed events one by one, with an evaluation now and then."""
    partition = Partition(definitions, {})
    partition.advance(NOW)
    for number, event in enumerate(events):
        for customer, fact in facts_of(decode(KINDS[event["type"]], json.dumps(event).encode()), definitions):
            partition.process([(customer.encode(), fact, encode_fact(fact))])
        if number % 100 == 0:
            standalone.evaluate(partition, NOW)
    return partition


def series(partition, definitions=LIMITS):
    """Return the number of series, and the size of the partial aggregate, bytes."""
    partial = standalone.evaluate(partition, NOW)
    return len(compute([partial], definitions, NOW)), len(msgspec.msgpack.encode(partial))


def variants(partition, now=NOW, definitions=LIMITS):
    """Return experiment, variant -> customers in `start`, and the retained ones."""
    samples = compute([standalone.evaluate(partition, now)], definitions, now)
    return {
        (sample.labels["experiment"], sample.labels["variant"]): (sample.denominator, sample.numerator)
        for sample in samples
        if sample.metric == "retention_experiment_rate_ratio" and sample.labels["window"] == "7d"
    }


@pytest.fixture(scope="module")
def plain():
    """The series and the partial aggregate of a shop without experiments."""
    return series(partition_of([order(0)]))


def assert_bounded(events, plain, *, more_series):
    before = psutil.Process().memory_info().rss
    number, size = series(partition_of(events))
    assert number <= plain[0] + more_series
    assert size <= plain[1] + 10_000
    assert (psutil.Process().memory_info().rss - before) / 1e6 < MEGABYTES


def names(pattern="name {:06}"):
    """Yield 100,000 names in descending order, the worst one: each takes the place of another."""
    return (pattern.format(number) for number in range(DISTINCT, 0, -1))


def chunks():
    """Return the names in groups that fit into an event."""
    found = list(names())
    return [found[start : start + PER_EVENT] for start in range(0, DISTINCT, PER_EVENT)]


def test_experiments_without_end_take_no_memory(plain):
    events = [order(n, experiments=dict.fromkeys(chunk, "on")) for n, chunk in enumerate(chunks())]
    assert_bounded(events, plain, more_series=LIMITS.max_experiments + 1)


def test_variants_without_end_take_no_memory(plain):
    events = [
        order(n, experiments={f"experiment {index}": name for index, name in enumerate(chunk)})
        for n, chunk in enumerate(chunks())
    ]
    assert_bounded(events, plain, more_series=LIMITS.max_experiments * (LIMITS.max_variants + 1) + 1)


def of(kind, **fields):
    """Return an event with its required fields."""
    plain = {"id": "e", "type": kind, "time": rfc3339(NOW), "customer_id": "c"}
    return decode(KINDS[kind], json.dumps(plain | fields).encode())


ORDER = of("order.placed", order_id="o", amount=1, currency="USD")
TICKET = of("ticket.opened", ticket_id="t")


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (ORDER, "channel"),
        (ORDER, "coupon"),
        (of("order.cancelled", order_id="o"), "reason"),
        (of("payment.failed", payment_method="card"), "payment_method"),
        (of("stock.missed", sku="s"), "sku"),
        (TICKET, "channel"),
        (of("ticket.withdrawn", ticket_id="t"), "reason"),
        (of("review.submitted", review_id="r", rating=3, text="good"), "language"),
        (of("experience.shared", platform="p"), "platform"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_distinct_values_count_alike(event, field):
    """No series depends on details: series are made of claims."""
    facts = (facts_of(structs.replace(event, **{field: name}), LIMITS) for name in names())
    assert len({fact.claim for [(_, fact)] in facts}) == 1


def test_distinct_teams_make_no_series(plain):
    events = [order(0)]
    for number in range(1_000):
        ticket = {"time": rfc3339(NOW), "customer_id": f"c{number}", "ticket_id": "t"}
        fields = {"team": f"t{number}", "category": f"c{number}", "agent": f"a{number}"}
        events.append({"id": "1", "type": "ticket.opened"} | ticket | fields)
        events.append({"id": "2", "type": "ticket.updated"} | ticket | fields)
    number, size = series(partition_of(events))
    assert number == plain[0]
    assert size <= plain[1] + 2_000


def test_distinct_currencies_are_rejected_for_one_reason():
    reasons = Counter()
    for name in names():
        with pytest.raises(EventError) as error:
            facts_of(structs.replace(ORDER, currency=name[-3:]), LIMITS)
        reasons[error.value.reason] += 1
    assert reasons == {"unknown_currency": DISTINCT}


def update(number, at, names):
    event = {"id": f"e{number}", "type": "customer.updated", "time": rfc3339(at), "customer_id": "c0"}
    return event | {"attributes": dict.fromkeys(names, "x")}


def test_attributes_without_end_take_no_room_beyond_the_horizon():
    partition, unused = Partition(SEGMENTS, {}), names()
    partition.advance(NOW)
    for number in range(DISTINCT // 1000):
        details = {ATTRIBUTES: dict.fromkeys(islice(unused, 1000), "x")}
        partition.process_one("ada", Fact("", CustomerUpdated(NOW - 900 * DAY, f"e{number}"), None, details))
    assert next(unused, None) is None
    assert sum(map(len, partition.take_changes().values())) < 1_000


def test_distinct_values_of_a_segment_count_as_other():
    assert {SEGMENTS.segments[0].label_of(name) for name in names()} == {"other"}


def test_distinct_values_of_segments_make_no_series():
    found = []
    for number in (1, 100):
        events = [order(0)]
        for name in islice(names(), number):
            own = {"attributes": {"field": name}, "coupon": name, "team": name, "category": name}
            ticket = {"id": name, "type": "ticket.opened", "time": rfc3339(NOW - DAY)}
            events.append(order(name, **own))
            events.append(own | ticket | {"customer_id": f"c{name}", "ticket_id": "t"})
            events.append(update(name, NOW - DAY, ["field"]) | {"attributes": {"field": name}})
        found.append(series(partition_of(events, SEGMENTS), SEGMENTS))
    [(few, small), (many, large)] = found
    assert many == few
    assert large <= small + 2_000


def test_first_orders_in_every_month_make_no_more_series():
    definitions = Definitions(cohorts=CohortDefinitions(export="grid"))
    found = []
    for years in (2, 36):
        days = range(0, 365 * years, 28)
        events = [order(day, NOW - day * DAY) for day in days]
        found.append(series(partition_of(events, definitions), definitions))
    [(few, small), (many, large)] = found
    assert many == few
    assert large <= small + 5_000


def test_name_takes_the_place_of_one_beyond_the_horizon():
    definitions = structs.replace(LIMITS, max_experiments=1, max_variants=1)
    events = [
        order(1, NOW - 799 * DAY, experiments={"a": "x"}),
        order(2, experiments={"b": "y"}),
        order(3, experiments={"b": "x"}),
    ]
    partition = partition_of(events, definitions)
    assert variants(partition, NOW, definitions) == {("other", "other"): (2, 0)}
    expected = {("b", "x"): (1, 0), ("b", "other"): (1, 0)}
    assert variants(partition, NOW + 2 * DAY, definitions) == expected


def test_chosen_experiments_count_and_no_others():
    definitions = structs.replace(LIMITS, experiments=("price", "unused"), max_experiments=1)
    events = [order(1, experiments={"a": "x"}), order(2, experiments={"price": "y", "b": "x"})]
    found = variants(partition_of(events, definitions), NOW, definitions)
    assert found == {("price", "y"): (1, 0), ("other", "other"): (2, 0)}


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)), st.integers(1, 3))
def test_partitions_and_order_change_no_counted_name(numbers, partitions):
    seen = [{"a": "y"}, {"b": "x"}, {"c": "z"}, {"c": "x"}, {"c": "y", "d": "x"}, {"e": "x"}]
    definitions = structs.replace(LIMITS, max_experiments=2)
    parts = [
        standalone.evaluate(
            partition_of([order(n, experiments=seen[n]) for n in numbers[part::partitions]], definitions), NOW
        )
        for part in range(partitions)
    ]
    totals = VariantTotals([part.shown for part in parts], definitions)
    assert {name: totals.customers(*name, Window.parse("7d"))[0] for name in totals.names()} == {
        ("a", "other"): 0,
        ("a", "y"): 1,
        ("b", "other"): 0,
        ("b", "x"): 1,
        ("other", "other"): 5,
    }
