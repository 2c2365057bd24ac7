"""Each invalid record is rejected as docs/metrics.md defines, and no other record is affected."""

import json
from typing import NamedTuple

from tests.support.deployment import total
from tests.support.events import HOUR, Record, history, order

TIME = 1_700_000_000_000_000
MIB = 1 << 20
#: Orders of one customer, whose row has many pages, and customers with one order each.
MANY, SINGLE = 50_000, 25_000


class Bad(NamedTuple):
    """An invalid record, and the reason of its rejection."""

    reason: str
    record: Record


def bad(reason, topic, value, key=b"some key"):
    content = json.dumps(value).encode() if isinstance(value, dict) else value
    return Bad(
        reason,
        Record(
            topic,
            content,
            key,
            partition=1,
            headers=(("trace", b"\x00\xff"), ("trace", b"again"), ("empty", b""), ("null", None)),
            timestamp=1_750_000_000_000,
        ),
    )


def without(event, name):
    return {field: value for field, value in event.items() if field != name}


GOOD = order("bad", "customer", TIME)
BAD = [
    bad("not_json", "orders", b"\xff\xfe garbage \x00"),
    bad("not_json", "refunds", b"[1, 2"),
    bad("not_json", "tickets", b""),
    bad("not_json", "reviews", None),
    bad("not_json", "customers", None, key=None),
    bad("not_json", "orders", b'"a string"'),
    bad("not_json", "orders", b"[" * 100_000),
    bad("invalid_field", "orders", {**GOOD, "amount": "12"}),
    bad("invalid_field", "orders", {**GOOD, "amount": 1.5}),
    bad("invalid_field", "orders", {**GOOD, "amount": -1}),
    bad("invalid_field", "orders", {**GOOD, "customer_id": 7}),
    bad("invalid_field", "orders", {**GOOD, "customer_id": ""}),
    bad("invalid_field", "orders", {**GOOD, "time": "yesterday"}),
    bad("invalid_field", "orders", {**GOOD, "time": "2024-01-01T00:00:00"}),
    bad("invalid_field", "orders", without(GOOD, "order_id")),
    bad("invalid_field", "customers", {**GOOD, "type": "customer.merged", "into": "customer"}),
    bad("unknown_type", "orders", {**GOOD, "type": "order.teleported"}),
    bad("unknown_type", "orders", without(GOOD, "type")),
    bad("unknown_type", "tickets", GOOD),
    bad("unknown_currency", "orders", {**GOOD, "currency": "XXX"}),
    bad("future_time", "orders", {**GOOD, "time": "2099-01-01T00:00:00Z"}),
    bad("too_old", "orders", {**GOOD, "type": "order.shipped", "time": "1970-01-01T00:00:00Z"}),
    bad("too_large", "reviews", b'{"text": "' + b"x" * (2 * MIB) + b'"}'),
]


async def test_bad_record_becomes_dead_letter_and_costs_no_event(deploy):
    events = history(51, size=600)
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(1)
    # An event of 1970 is too old only after the clock has left 1970.
    await cluster.produce(events[-1:])
    await deployment.equal(events[-1:])
    await cluster.produce(events[:200])
    offset = {name: (await cluster.ends_of(name))[1] for name in {one.record.topic for one in BAD}}
    await cluster.send(one.record for one in BAD)
    await cluster.produce(events[200:])
    metrics = await deployment.equal(events)
    rejected = {}
    for dead_letter in await cluster.read("retention.dead-letters"):
        headers = dict(dead_letter.headers)
        if dead_letter.timestamp == 1_750_000_000_000:
            origin = headers["retention.error.topic"].decode(), int(headers["retention.error.offset"])
            assert origin not in rejected, "written twice"
            rejected[origin] = dead_letter
    assert len(rejected) == len(BAD)
    for reason, record in BAD:
        dead_letter = rejected[record.topic, offset[record.topic]]
        offset[record.topic] += 1
        assert (dead_letter.key, dead_letter.value) == (record.key, record.value), reason
        assert dead_letter.headers[:4] == record.headers
        assert [name for name, _ in dead_letter.headers[4:]] == [
            f"retention.error.{name}"
            for name in ("reason", "message", "topic", "partition", "offset", "time")
        ]
        headers = dict(dead_letter.headers)
        assert headers["retention.error.reason"].decode() == reason, (record.value or b"")[:100]
        assert headers["retention.error.partition"] == b"1"
        assert headers["retention.error.message"]
    for reason in {one.reason for one in BAD} - {"too_old"}:
        count = sum(one.reason == reason for one in BAD)
        assert total([metrics], "retention_worker_dead_letters_total", reason=reason) == count
    [worker] = deployment.workers
    assert worker.has_logged("restored")
    assert not worker.has_logged(r"customer-\d|some key|yesterday"), "whose they are is in no log"


async def test_restart_after_bad_records_repeats_no_dead_letter(deploy):
    """Dead letters store no state, and a changelog without rows does not count as lost."""
    deployment = deploy()
    cluster = deployment.cluster
    for _ in range(2):
        await deployment.started(1)
        [worker] = deployment.alive
        await cluster.send([bad("not_json", "orders", b"garbage").record])
        await deployment.until(
            lambda scraped: total(scraped, "retention_worker_dead_letters_total") == 1, "one dead letter"
        )
        assert await worker.stop() == 0
        assert not worker.has_logged("is gone")
    assert len(await cluster.read("retention.dead-letters")) == 2


async def test_50_000_orders_of_one_customer_are_counted(deploy):
    """The expected numbers are computed here, because the oracle would take longer than the workers."""
    many = [order(f"many-{number}", "collector", TIME + number * 1000) for number in range(MANY)]
    single = [
        order(f"single-{number}", f"visitor-{number}", TIME - number % 900 * HOUR) for number in range(SINGLE)
    ]
    recent = sum(TIME // HOUR - number % 900 > TIME // HOUR - 720 for number in range(SINGLE))
    deployment = deploy()
    await deployment.started(2)
    await deployment.cluster.produce([*many, *single])
    expected = (MANY + SINGLE, recent + 1, SINGLE + 1)
    await deployment.until(lambda scraped: seen(scraped) == expected, "all read", 300)
    for worker in deployment.alive:
        assert await worker.stop() == 0, worker.tail()
    deployment.start()
    await deployment.cluster.produce([order("one-more", "collector", TIME + 1)])
    expected = (MANY + SINGLE + 1, recent + 1, SINGLE + 1)
    await deployment.until(lambda scraped: seen(scraped) == expected, "one order more")


def seen(scraped):
    """Return the orders of a year, the customers active within 30 days, and all customers."""
    return (
        total(scraped, "retention_orders", window="365d"),
        total(scraped, "retention_customers", window="30d", set="end"),
        total(scraped, "retention_lifecycle_customers"),
    )
