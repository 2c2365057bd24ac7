"""Returns after actions depend only on the decided actions and on the orders."""

import random
import zlib

import pytest

from models.definitions.action_policy import ACTIONS, CUSTOMER_FACING, WIN_BACK, ActionPolicy
from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.fact import Fact
from tests.oracle import oracle
from tests.support.histories import random_history
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import rfc3339

METRIC = "retention_action_return_ratio"


def look(shop, group="acted", now=NOW):
    sample = shop.samples(now)[METRIC, "win_back", group, "90d"]
    return sample.numerator, sample.denominator


@pytest.mark.parametrize(("after", "returned"), [(0, 0), (1, 1), (30 * DAY, 1), (30 * DAY + 1, 0), (-1, 0)])
def test_order_within_thirty_days_is_a_return(shop, after, returned):
    at = NOW - 40 * DAY
    shop.process(claims.Acted, "", at, WIN_BACK, False)
    shop.order("o", at + after)
    assert look(shop) == (returned, 1)
    shop.process(claims.Cancelled, "o", NOW)
    assert look(shop) == (0, 1)


def test_action_counts_once_its_thirty_days_are_over(shop):
    shop.process(claims.Acted, "", NOW, WIN_BACK, False)
    shop.process(claims.Acted, "", NOW, WIN_BACK, True, customer="bob")
    assert look(shop, now=NOW + 30 * DAY - HOUR) == (0, 0)
    assert look(shop, now=NOW + 30 * DAY) == look(shop, "held_out", now=NOW + 30 * DAY) == (0, 1)
    assert look(shop, now=NOW + 120 * DAY) == (0, 0)


@pytest.mark.parametrize(("share", "group"), [(0.0, "acted"), (1.0, "held_out")])
def test_control_group_is_counted_apart(share, group):
    shop = Shop(Definitions(actions=ActionPolicy(held_out=share)))
    shop.order("o", NOW - 46 * DAY)
    shop.process(claims.Opened, "t", NOW - DAY, 1, False, "web")  # that it be answered reaches nobody
    shop.samples()
    shop.partition.emit(b"ada")
    shop.partition.emit(b"ada")
    kinds = [
        fact.claim.action for fact in shop.partition.fact_log(b"ada") if type(fact.claim) is claims.Acted
    ]
    assert kinds == [WIN_BACK]
    assert look(shop, group, NOW + 30 * DAY) == (0, 1)
    shop.restart()
    assert look(shop, group, NOW + 30 * DAY) == (0, 1)


def test_action_makes_no_customer(shop):
    shop.process(claims.Acted, "", NOW, WIN_BACK, False)
    assert shop.value("retention_lifecycle_customers", "prospect") == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_action_returns_of_any_history_equal_the_oracle(seed):
    """Actions arrive among the events in any order, workers crash, and old events leave the horizon."""
    history = random_history(seed, size=1200, customers=12)
    rng = random.Random(seed)
    worker, issued = SimulatedWorker(history.definitions, history.partitions), []

    def act(customer, time):
        action, held = rng.choice(sorted(CUSTOMER_FACING)), rng.random() < 0.4
        event = {
            "id": f"a{len(issued)}",
            "type": "action.asked",
            "time": rfc3339(time),
            "customer_id": customer,
        }
        issued.append(event | {"action": ACTIONS[action], "group": "held_out" if held else "acted"})
        part = worker.partitions[zlib.crc32(customer.encode()) % len(worker.partitions)]
        part.process_one(customer, Fact("", claims.Acted(time, event["id"], action, held)))

    delivered, now = [], 0
    for step in history.steps:
        now = max(now, step.now)
        for number, event in enumerate(step.events):
            worker.deliver(event)
            if number % 5 == 0:
                act(event["customer_id"], now - rng.randrange(200 * DAY))
        worker.commit()
        if step.crash:
            worker.crash(now)
        delivered += step.events
        expected = {
            key: (value.numerator, value.denominator)
            for key, value in oracle([*delivered, *issued], now, history.definitions).items()
            if key[0] == METRIC
        }
        results = worker.results(now)
        assert {key: (results[key].numerator, results[key].denominator) for key in expected} == expected
    assert sum(denominator for _, denominator in expected.values()) > 0
