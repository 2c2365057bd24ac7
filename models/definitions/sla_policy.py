"""How the SLA targets of one priority are judged: by which schedule, and what pauses them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct, field

#: Statuses of a ticket. From `SOLVED` on a ticket is resolved.
TICKET_STATUSES: Final = ("open", "pending", "on_hold", "solved", "closed")


class SlaTargets(NamedTuple):
    """Time limits of the SLA targets, seconds.

    Attributes:
        first_response: limit of the first response, by anyone and by a human.
        resolution: limit of the first resolution.
        next_response: limit of an agent's reply to a customer's later reply. None: there is no such target.
    """

    first_response: int
    resolution: int
    next_response: int | None = None


class SlaPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a priority has besides the limits of its first response and its resolution.

    Attributes:
        schedule: name of the schedule by which its targets run. None: they run always.
        pause: statuses in which the target of the resolution does not run.
        next_response: limit of the next response, seconds. None: there is no such target.
        tiers: loyalty tier -> the targets of customers who had it when they opened the ticket, if they are
            others.
    """

    schedule: str | None = None
    pause: tuple[str, ...] = ("pending",)
    next_response: int | None = None
    tiers: Mapping[str, SlaTargets] = field(default_factory=dict)


def check_policy(priority: str, policy: SlaPolicy, schedules: Mapping[str, object], tiers: set[str]) -> None:
    """Check the policy of a priority.

    Args:
        priority: name of the priority.
        policy: the policy.
        schedules: the configured schedules by name.
        tiers: names of the loyalty tiers.

    Raises:
        ValueError: A schedule, a status or a tier is unknown, or a target is shorter than 1 second.
    """
    if policy.schedule is not None and policy.schedule not in schedules:
        raise ValueError(f"sla.{priority}.schedule: no schedule is named {policy.schedule!r}")
    for status in policy.pause:
        if status not in TICKET_STATUSES:
            raise ValueError(
                f"sla.{priority}.pause: {status!r} is not a status; expected {', '.join(TICKET_STATUSES)}"
            )
    for tier, targets in policy.tiers.items():
        if tier not in tiers:
            raise ValueError(f"sla.{priority}.tier.{tier}: unknown tier; expected {', '.join(sorted(tiers))}")
        if min(seconds for seconds in targets if seconds is not None) < 1:
            raise ValueError(f"sla.{priority}.tier.{tier}: a target is shorter than 1 second")
    if policy.next_response is not None and policy.next_response < 1:
        raise ValueError(f"sla.{priority}.next_response: is shorter than 1 second")
