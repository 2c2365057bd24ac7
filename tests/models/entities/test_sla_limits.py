"""Due times of targets: by schedule, and with statuses that pause the resolution."""

import pytest
from msgspec.structs import replace

from models.definitions.definitions import PRIORITIES, Definitions, has_next_response
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from models.definitions.windows import NEVER_US
from models.entities.sla_limits import time_limits
from models.entities.tickets import derive
from models.facts.claims import STATUSES, Opened, StatusChanged
from tests.support.schedules import at, weekdays

HOUR = 3_600_000_000
#: Monday to Friday, 9 to 17 in Berlin.
SCHEDULES = {"support": weekdays()}
FRIDAY = at("2026-06-12T12:00")  # 14:00 in Berlin


def limits(**policy):
    """Return limits of four hours for the first response, and eight for the resolution."""
    return time_limits(
        Definitions(
            sla=dict.fromkeys(PRIORITIES, (4 * 3600, 8 * 3600)),
            sla_policies=dict.fromkeys(PRIORITIES, SlaPolicy(**policy)),
            schedules=SCHEDULES,
        )
    )[0]


def ticket(*statuses, opened=0):
    """Return a ticket with statuses from an hour on, such as `(2, "pending")`."""
    changes = [
        StatusChanged(opened + int(hours * HOUR), f"s{number}", STATUSES.index(status))
        for number, (hours, status) in enumerate(statuses)
    ]
    return derive([Opened(opened, "o", 0, False, "web"), *changes])


@pytest.mark.parametrize(
    ("statuses", "due"),
    [
        ([], 8),
        ([(2, "pending")], None),
        ([(2, "pending"), (5, "open")], 11),
        ([(2, "pending"), (5, "open"), (6, "pending"), (7, "on_hold")], 12),
        ([(0, "pending"), (5, "open")], 13),
        ([(-1, "pending"), (5, "open")], 13),  # a status from before the opening
        ([(8, "pending")], 8),  # reached at the instant of the pause
        ([(9, "pending")], 8),
        ([(2, "on_hold")], 8),
        ([(2, "pending"), (5, "solved")], 11),  # as if the clock had run from the resolution on
        ([(2, "solved"), (3, "pending")], 8),  # after the first resolution
        ([(2, "pending"), (2, "open")], 8),
    ],
)
def test_pending_status_pauses_the_resolution(statuses, due):
    assert limits().resolution_due(ticket(*statuses)) == (NEVER_US if due is None else due * HOUR)


def test_ticket_without_pause_is_due_by_the_calendar():
    assert limits(pause=()).resolution_due(ticket((2, "pending"))) == 8 * HOUR


@pytest.mark.parametrize(
    ("statuses", "due"), [([], None), ([(3, "solved")], 11), ([(3, "pending")], 11), ([(-1, "closed")], 8)]
)
def test_open_status_may_pause_too(statuses, due):
    found = limits(pause=("open",)).resolution_due(ticket(*statuses))
    assert found == (NEVER_US if due is None else due * HOUR)


def test_response_is_not_paused():
    assert limits().response_due(ticket((1, "pending"))) == 4 * HOUR


def test_targets_of_a_schedule_run_while_it_is_open():
    support = limits(schedule="support")
    assert support.response_due(ticket(opened=FRIDAY)) == at("2026-06-15T08:00")
    assert support.resolution_due(ticket(opened=FRIDAY)) == at("2026-06-15T12:00")
    assert support.elapsed(FRIDAY, at("2026-06-15T12:00")) == 8 * HOUR


def test_pause_over_the_weekend_takes_only_open_hours():
    """It runs from 14 to 16 on Friday, is paused until Monday at 10, and needs six hours more."""
    paused = ticket((2, "pending"), (68, "open"), opened=FRIDAY)
    assert limits(schedule="support").resolution_due(paused) == at("2026-06-15T14:00")


def test_target_reached_at_the_closing_is_due_there():
    """The pause begins in the following night, and keeps the time that the clock has run."""
    support = limits(schedule="support")
    opened = at("2026-06-12T07:00")
    assert support.resolution_due(ticket((12, "pending"), opened=opened)) == opened + 8 * HOUR


def test_customer_of_a_tier_has_its_targets():
    tiered = limits(tiers={"vip": SlaTargets(3600, 7200, 1800)}, schedule="support", pause=())
    vip = tiered.of(replace(ticket(), tier=3))
    assert tiered.of(ticket()) is tiered
    assert (vip.response, vip.resolution, vip.next_response) == (HOUR, 2 * HOUR, HOUR // 2)
    assert (vip.hours, vip.pause) == (tiered.hours, frozenset())


def test_next_response_exists_if_any_target_names_it():
    def of(policy):
        return Definitions(sla_policies=Definitions().sla_policies | {"high": policy})

    assert not has_next_response(Definitions())
    assert has_next_response(of(SlaPolicy(next_response=60)))
    assert has_next_response(of(SlaPolicy(tiers={"vip": SlaTargets(60, 60, 60)})))
    assert not has_next_response(of(SlaPolicy(tiers={"vip": SlaTargets(60, 60)})))


def test_next_response_is_due_from_the_begin_of_its_turn():
    assert limits(next_response=3600).next_response_due(5) == 5 + HOUR
    assert limits().next_response_due(5) == NEVER_US
