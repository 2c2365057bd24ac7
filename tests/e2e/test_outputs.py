"""Outputs caused by passing time are emitted at their instant, and only by workers that are caught up."""

import asyncio
import json
import time

import pytest

from tests.support.cluster import INPUTS, Pace
from tests.support.deployment import PATIENCE, total
from tests.support.events import DAY, END, HOUR, history, order
from tests.support.published_outputs import TOPICS, assert_once, assert_published
from tests.support.strategies import MINUTE, SECOND, rfc3339
from tests.support.worker_process import WallClock

BOUNDARY = END // HOUR * HOUR


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


async def test_workers_killed_while_emitting_emit_each_output_once(deploy):
    """The kills wait until outputs are emitted continuously, so that they interrupt transactions."""
    events = history(23, size=1800)
    deployment = deploy()
    cluster = deployment.cluster
    await cluster.create(dict.fromkeys((*INPUTS, *TOPICS), 4))
    await deployment.started(2)
    pace = Pace(0.1)
    flowing = asyncio.create_task(cluster.produce(events, pace=pace))
    for round_ in range(3):
        spoken = await count_of(cluster)
        async with asyncio.timeout(PATIENCE):
            while await count_of(cluster) < spoken + 200 and not flowing.done():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        deployment.alive[0].kill()
        if round_ < 2:
            deployment.start()
    pace.end()
    await flowing
    await assert_published(deployment, events)


async def count_of(cluster) -> int:
    """Return the number of output records, including the markers of transactions."""
    return sum([sum((await cluster.ends_of(topic)).values()) for topic in TOPICS])


def ticket(time: int, **fields: str) -> dict[str, str]:
    header = {"id": "ticket", "type": "ticket.opened", "time": rfc3339(time), "customer_id": "ann"}
    return header | {"ticket_id": "t", "priority": "urgent"} | fields


def cart(time: int) -> dict[str, str]:
    return {
        "id": "cart",
        "type": "checkout.started",
        "time": rfc3339(time),
        "customer_id": "bob",
        "cart_id": "k",
    }


async def emitted(deployment) -> list[tuple[str, ...]]:
    """Return the emitted outputs in a short form."""
    customers, transitions, targets, actions = [await deployment.cluster.read(topic) for topic in TOPICS]
    assert_once([*customers, *transitions, *targets, *actions])
    found = [json.loads(record.value) for record in (*transitions, *targets, *actions)]
    short = {
        "what": lambda one: (one["customer_id"], one["to"]),
        "sla": lambda one: (one["customer_id"], one["sla"], one["state"]),
        "action": lambda one: (one["customer_id"], one["action"], one["state"]),
    }
    return [shorten(one) for one in found for name, shorten in short.items() if name in one]


async def until_emitted(deployment, *expected: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Wait until all of these outputs have been emitted."""
    deadline = time.monotonic() + PATIENCE
    while set(expected) - set(found := await emitted(deployment)):
        assert time.monotonic() < deadline, (
            f"missing outputs: {set(expected) - set(found)}\n{deployment.tails()}"
        )
        await asyncio.sleep(0.3)
    return found


async def test_passing_time_emits_outputs_at_the_instant(deploy, clock):
    """A ticket due in an hour, a cart, a promise, and an order that is 45 days old at the full hour.

    None of these customers is held out.
    """
    deployment = deploy(RETENTION_CLOCK="wall", **clock.settings)
    clock.set(BOUNDARY - 30 * MINUTE)
    await deployment.started(1)
    events = [
        ticket(BOUNDARY - HOUR),
        cart(BOUNDARY - HOUR),
        order("late", "eve", BOUNDARY - DAY, promised_at=rfc3339(BOUNDARY - 1)),
        order("old", "kim", BOUNDARY - 45 * DAY),
    ]
    await deployment.cluster.produce(events)
    due = ("ann", "first_response", "breached")
    before = await until_emitted(
        deployment, ("ann", "first_response", "activated"), ("ann", "acknowledge", "issued"), ("kim", "new")
    )
    clock.set(BOUNDARY - 3 * SECOND)
    late = [
        due,
        ("ann", "escalate", "issued"),
        ("bob", "recover_cart", "issued"),
        ("kim", "at_risk"),
        ("kim", "win_back", "issued"),
        ("eve", "apologise_late_delivery", "issued"),
    ]
    assert not set(late) & set(before)
    after = await until_emitted(deployment, *late)
    assert len(after) == len(set(after))
    reply = {"id": "reply", "type": "ticket.replied", "author": "agent"}
    await deployment.cluster.produce([ticket(BOUNDARY - 30 * MINUTE) | reply])
    await until_emitted(
        deployment,
        ("ann", "first_response", "withdrawn"),
        ("ann", "first_response", "fulfilled"),
        ("ann", "escalate", "withdrawn"),
    )


async def test_worker_catching_up_emits_no_lapsed_customer(deploy, clock):
    """After two months of downtime, customers who ordered in the meantime are never reported as at risk."""
    deployment = deploy(RETENTION_CLOCK="wall", **clock.settings)
    clock.set(BOUNDARY)
    names = [f"customer-{number:02}" for number in range(40)]
    await deployment.started(1)
    await deployment.cluster.produce([order(f"first-{name}", name, BOUNDARY - DAY) for name in names])
    await until_emitted(deployment, *((name, "new") for name in names))
    assert await deployment.workers[0].stop() == 0
    backlog = [
        order(f"{number}", names[number % 39], BOUNDARY + number * 60 * DAY // 8000) for number in range(8000)
    ]
    clock.set(BOUNDARY + 60 * DAY)
    await deployment.cluster.produce(backlog)
    await deployment.started(1)
    found = await until_emitted(
        deployment, *((name, "returning") for name in names[:39]), (names[39], "at_risk")
    )
    await deployment.until(lambda scraped: total(scraped, "retention_caught_up") == 1, "caught up")
    gone = {state for _, state, *_ in found + await emitted(deployment)} & {"at_risk", "churned"}
    assert gone == {"at_risk"}
    assert {one[0] for one in await emitted(deployment) if one[1] in {"at_risk", "churned"}} == {names[39]}
