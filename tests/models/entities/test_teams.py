"""Numbers by the team of tickets (docs/metrics.md, "Teams")."""

import math

import pytest

from models.definitions.definitions import Definitions
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import ANCHOR, DAY, HOUR, rfc3339

DEFINITIONS = Definitions(teams=("billing", "logistics"))


def event(number, kind, age, **fields):
    """Return an event of ticket `t`, `age` microseconds ago."""
    head = {"id": f"e{number}", "type": kind, "time": rfc3339(ANCHOR - age), "customer_id": "ada"}
    return {**head, "ticket_id": "t", **fields}


def answer(number, score, **fields):
    return event(number, "survey.answered", HOUR, **{"survey": "csat", "score": score, **fields})


OPENED = event(1, "ticket.opened", DAY, team="billing")


@pytest.fixture
def worker():
    return SimulatedWorker(DEFINITIONS, 1)


def value(worker, metric, now=ANCHOR, **labels):
    return worker.results(now)[f"retention_team_{metric}", frozenset(labels.items())].value


def satisfaction(worker, now=ANCHOR):
    """Return the satisfaction of each team with answers."""
    found = {
        team: value(worker, "csat_ratio", now, team=team, window="7d")
        for team in ("billing", "logistics", "other", "unknown")
    }
    return {team: ratio for team, ratio in found.items() if not math.isnan(ratio)}


def open_tickets(worker):
    teams = ("billing", "logistics", "other", "unknown")
    return [value(worker, "tickets", team=team) for team in teams]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"team": "billing"}, [1, 0, 0, 0]),
        ({"team": "returns"}, [0, 0, 1, 0]),
        ({}, [0, 0, 0, 1]),
    ],
)
def test_ticket_counts_under_its_team(worker, fields, expected):
    worker.deliver(event(1, "ticket.opened", DAY, **fields))
    assert open_tickets(worker) == expected


def test_latest_team_has_everything_of_the_ticket(worker):
    for each in (OPENED, event(2, "ticket.replied", DAY - HOUR, author="agent"), answer(3, 5)):
        worker.deliver(each)
    worker.advance(ANCHOR)
    worker.deliver(event(4, "ticket.updated", HOUR, team="logistics"))
    assert open_tickets(worker) == [0, 1, 0, 0]
    assert satisfaction(worker) == {"logistics": 1}
    labels = {"window": "7d", "sla": "first_response"}
    assert math.isnan(value(worker, "sla_breach_ratio", team="billing", **labels))
    assert value(worker, "sla_breach_ratio", team="logistics", **labels) == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([OPENED, answer(2, 4), answer(3, 3)], {"billing": 0.5}),
        ([answer(2, 4)], {}),  # the ticket is not known
        ([OPENED, answer(2, 4), event(3, "ticket.withdrawn", 0)], {}),
        ([OPENED, answer(2, 4, answer_id="a"), event(3, "survey.withdrawn", 0, answer_id="a")], {}),
        ([OPENED, answer(2, 2, answer_id="a"), answer(3, 5, answer_id="a")], {"billing": 1}),
        ([OPENED, answer(2, 4, survey="ces")], {}),
        ([OPENED, answer(2, 4, ticket_id=None)], {}),
    ],
)
def test_answers_count_for_the_team_of_their_ticket(worker, given, expected):
    for each in reversed(given):
        worker.deliver(each)
    assert satisfaction(worker) == expected
    worker.commit()
    worker.crash(ANCHOR)
    assert satisfaction(worker) == expected


def test_answers_expire_with_the_horizon(worker):
    for each in (OPENED, answer(2, 4)):
        worker.deliver(each)
    assert satisfaction(worker) == {"billing": 1}
    assert satisfaction(worker, ANCHOR + (DEFINITIONS.horizon_days + 1) * DAY) == {}


def test_shop_without_teams_has_no_numbers_by_team():
    worker = SimulatedWorker(Definitions(), 1)
    worker.deliver(OPENED)
    assert not [metric for metric, _ in worker.results(ANCHOR) if metric.startswith("retention_team_")]
